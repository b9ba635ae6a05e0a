/** One process of an instance, from its launch (or from where it was found running) to its end. */
import path from 'node:path';
import type { InstanceState, Stopped } from '../platform.ts';
import { watchEnd, type EndWatch } from './end.ts';
import { redact } from './environment.ts';
import { healthDeadline, healthLost } from './explain.ts';
import { mark, readMark, readRefusal, writeEnded, type Exit, type InstanceSpec } from './folder.ts';
import { watchHealth, type HealthChange } from './health-watch.ts';
import { lastLines, telling } from './tail.ts';
import { probeHttp2 } from './probe-http2.ts';
import { probe, type Address, type Probe } from './probe.ts';
import { groupMembers, type ProcessRecord } from './processes.ts';
import { listeningAddresses } from './sockets.ts';
import { clearGroup, terminate } from './terminate.ts';
import { pause } from './wait.ts';
import type { TealError } from '../../errors.ts';

/** Why a run is over, or has to be ended. */
export type Outcome =
  | { readonly kind: 'ended'; readonly exit: Exit }
  | { readonly kind: 'deadline' | 'lost'; readonly error: TealError };

export interface RunOptions {
  readonly spec: InstanceSpec;
  readonly folder: string;
  /** What was launched just now; null when it was found running. */
  readonly launcher: ProcessRecord | null;
  readonly now: () => number;
  /** Teal's own environment: where secrets come from. */
  readonly own: NodeJS.ProcessEnv;
  readonly closing: AbortSignal;
  /** @throws when this Teal may not act any more */
  readonly fence: () => void;
  /** Its state has changed. */
  readonly changed: () => void;
}

/** A background role is taken for well when it has stayed up this long: it has no other way to say so. */
const settleMs = 1_000;
/** After a crash, for children that the app left behind. */
const orphanGraceMs = 1_000;
const quotedLines = 10;
/** Looked at for those to quote: a deep stack trace may stand between the error and the end. */
const lookedAtLines = 60;

export class Run {
  readonly spec: InstanceSpec;
  readonly folder: string;
  readonly address: Address | null;
  /** Why it is over. */
  readonly outcome: Promise<Outcome>;
  /** Resolves after the first health check, whatever it said. */
  readonly checked: Promise<void>;
  state: InstanceState = 'starting';
  record: ProcessRecord | null = null;
  #healthyAt: number | null;
  #stopped: Promise<Stopped> | null = null;
  readonly #options: RunOptions;
  readonly #watch: EndWatch;
  readonly #health = new AbortController();
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #checked = Promise.withResolvers<void>();

  /** Takes charge of what was launched in the folder. */
  constructor(options: RunOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.folder = options.folder;
    this.address = options.spec.port === null ? null : { host: options.spec.host, port: options.spec.port };
    this.outcome = this.#outcome.promise;
    this.checked = this.#checked.promise;
    this.#healthyAt = readMark(options.folder, 'healthy');
    this.#watch = watchEnd(options.folder, options.launcher, options.now);
    void this.#follow();
  }

  get everHealthy(): boolean {
    return this.#healthyAt !== null;
  }

  get logs(): { readonly stdout: string; readonly stderr: string } {
    return { stdout: path.join(this.folder, 'stdout.log'), stderr: path.join(this.folder, 'stderr.log') };
  }

  /** The last lines of its stderr, else of its stdout, without its secrets. */
  lastLines(): readonly string[] {
    const said = lastLines(this.logs.stderr, lookedAtLines);
    const lines = said.length > 0 ? said : lastLines(this.logs.stdout, lookedAtLines);
    return telling(lines, quotedLines).map(this.#redact);
  }

  /** The limit that the launcher could not set, if any. */
  refusal(): string | null {
    return readRefusal(this.folder);
  }

  /** Ends it. A second call joins the first. */
  stop(): Promise<Stopped> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Notes an end that nobody asked for, and clears what it left behind. Returns for how long it had been healthy. */
  async crashed(exit: Exit): Promise<number | null> {
    const healthyMs = this.#healthyAt === null ? null : exit.at - this.#healthyAt;
    const { closing, fence } = this.#options;
    // It may be the next leader who has ended it.
    fence();
    writeEnded(this.folder, { ...exit, asked: false, healthyMs });
    if (this.record !== null)
      await clearGroup(this.record, { signal: 'SIGTERM', graceMs: orphanGraceMs, closing, fence });
    return healthyMs;
  }

  /** Lets go without ending it. */
  close(): void {
    this.#health.abort();
    this.#watch.close();
    this.#checked.resolve();
  }

  become(state: InstanceState): void {
    if (this.state === state) return;
    this.state = state;
    this.#options.changed();
  }

  readonly #redact = (text: string): string =>
    redact(text, this.#options.spec.spec.environment, this.#options.own);

  async #stop(): Promise<Stopped> {
    this.#health.abort();
    this.become('stopping');
    const { at, ...stopped } = await terminate({
      spec: this.spec,
      folder: this.folder,
      launcher: this.#options.launcher,
      started: this.#watch.started,
      ended: this.#watch.ended,
      now: this.#options.now,
      closing: this.#options.closing,
      fence: this.#options.fence,
    });
    this.#watch.close();
    const { code, signal } = stopped;
    writeEnded(this.folder, { code, signal, at, asked: true, healthyMs: null });
    return stopped;
  }

  async #follow(): Promise<void> {
    void this.#watch.ended.then((exit) => {
      this.#health.abort();
      this.#checked.resolve();
      this.#outcome.resolve({ kind: 'ended', exit });
    });
    this.record = await this.#watch.started;
    if (this.record !== null) this.#options.changed();
    await (this.spec.spec.health === null ? this.#settle() : this.#check());
  }

  async #settle(): Promise<void> {
    const { launcher, now } = this.#options;
    // The time that a slow launcher took is none that the app has stayed up.
    const left = launcher === null ? this.spec.startedAt + settleMs - now() : settleMs;
    // Never longer, should somebody have set the clock back since.
    await pause(Math.min(Math.max(left, 0), settleMs), this.#health.signal);
    if (!this.#health.signal.aborted) this.#tell('healthy', { kind: 'ok', status: 0 });
    this.#checked.resolve();
  }

  async #check(): Promise<void> {
    const { health } = this.spec.spec;
    const { address } = this;
    if (health === null || address === null) return;
    const ask = health.protocol === 'h2c' ? probeHttp2 : probe;
    await watchHealth({
      health,
      // Durations: nobody becomes overdue because somebody has set the clock.
      now: () => performance.now(),
      signal: this.#health.signal,
      ask: async (signal) => {
        const answer = await ask(address, health, signal);
        setImmediate(this.#checked.resolve);
        return answer;
      },
      tell: (change, last) => this.#tell(change, last),
    });
  }

  #tell(change: HealthChange, last: Probe): void {
    switch (change) {
      case 'healthy':
        if (this.#healthyAt === null) {
          this.#healthyAt = this.#options.now();
          mark(this.folder, 'healthy', this.#healthyAt);
        }
        this.become('healthy');
        return;
      case 'unhealthy':
        this.become('unhealthy');
        return;
      case 'deadline':
      case 'lost':
        this.#outcome.resolve({ kind: change, error: this.#explain(change, last) });
    }
  }

  #explain(change: 'deadline' | 'lost', last: Probe): TealError {
    const { health } = this.spec.spec;
    const { address } = this;
    if (health === null || address === null) throw new Error('a background role has no health check');
    const family = this.record === null ? [] : [this.record.pid, ...groupMembers(this.record)];
    const tell = change === 'lost' ? healthLost : healthDeadline;
    return tell({
      spec: this.spec,
      stderrLog: this.logs.stderr,
      lastLines: this.lastLines(),
      health,
      address,
      waitedMs: health.deadlineMs,
      last: last.kind === 'status' ? { ...last, body: this.#redact(last.body) } : last,
      listening: listeningAddresses(family),
    });
  }
}
