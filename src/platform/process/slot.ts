/** A slot of a place: at most one instance at a time, started again whenever it ends unasked. */
import type { TealError } from '../../errors.ts';
import type { Instance, Place, Stopped, Workload } from '../platform.ts';
import { isCrashLoop, restartDelay, sinceForgiven, type Crash } from './backoff.ts';
import { removeCgroup } from './cgroup.ts';
import type { Context } from './context.ts';
import { crashLoop, limitRefused } from './explain.ts';
import type { Exit, InstanceSpec } from './folder.ts';
import { launchFailure, launchInstance } from './instance.ts';
import { Run, type Outcome, type RunOptions } from './run.ts';
import { abortable, pause } from './wait.ts';

/** Found after a restart of Teal. */
export interface Adopted {
  readonly spec: InstanceSpec;
  readonly folder: string;
  /** False when it ended while nobody watched. */
  readonly running: boolean;
  /** Earlier ends that nobody asked for, oldest first. */
  readonly crashes: readonly Crash[];
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: TealError) => void;
}

export class Slot {
  readonly number: number;
  /** Being emptied: nothing is started in it any more. */
  retiring = false;
  readonly #place: Place;
  readonly #context: Context;
  /** Null after adoption, until somebody wants the place. */
  #wish: Workload | null;
  #wished = Promise.withResolvers<void>();
  #run: Run | null = null;
  /** Restart number of what runs, or ran last. */
  #restart: number;
  #version: string;
  #crashes: Crash[] = [];
  #crashCount = 0;
  #established = false;
  #reported = false;
  #closed = false;
  readonly #waiters = new Set<Waiter>();
  readonly #end = new AbortController();
  #loop: Promise<void>;

  /** A new slot, which starts its first instance at once, or one found after a restart of Teal. */
  constructor(number: number, context: Context, from: Workload | Adopted) {
    this.number = number;
    this.#context = context;
    const adopted = 'running' in from ? from : null;
    const about = 'running' in from ? from.spec : from;
    this.#place = { app: about.app, colour: about.colour, role: about.role };
    this.#restart = about.restart;
    this.#version = about.version;
    this.#wish = 'running' in from ? null : from;
    if (adopted !== null) this.#recall(adopted);
    this.#loop = this.#live().catch((error: unknown) => {
      if (!this.#closed) context.log.warn({ ...this.#place, error }, 'the supervision of an instance failed');
    });
  }

  get version(): string {
    return this.#version;
  }

  get restart(): number {
    return this.#restart;
  }

  get healthy(): boolean {
    return this.#run?.state === 'healthy' && !this.retiring;
  }

  /** Whether any instance of it has ever been healthy. */
  get established(): boolean {
    return this.#established;
  }

  get startedAt(): number {
    return this.#run?.spec.startedAt ?? Number.MAX_SAFE_INTEGER;
  }

  /** Resolves after the first health check of an adopted instance. */
  get checked(): Promise<void> {
    return this.#run?.checked ?? Promise.resolve();
  }

  /** Its instance as others see it; null before the first was launched. */
  view(): Instance | null {
    const run = this.#run;
    if (run === null) return null;
    const stopping = this.retiring && run.state !== 'backing-off';
    return {
      ...this.#place,
      id: run.spec.id,
      version: run.spec.version,
      pid: run.state === 'backing-off' ? null : (run.record?.pid ?? null),
      address: run.address,
      state: stopping ? 'stopping' : run.state,
      everHealthy: run.everHealthy,
      startedAt: run.spec.startedAt,
      crashes: this.#crashCount,
      logs: run.logs,
    };
  }

  /** What to start from now on; wakes a slot that was found ended. */
  want(workload: Workload): void {
    this.#wish = workload;
    this.#wished.resolve();
  }

  /** Resolves when it is healthy; rejects with what keeps it from being so. */
  untilHealthy(): Promise<void> {
    if (this.healthy) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.add({ resolve, reject });
    return promise;
  }

  /** Marks it as being emptied. Its instance is not stopped yet, and not started again when it ends. */
  retire(): void {
    this.retiring = true;
    this.#changed();
  }

  /** Stops its instance, if there is one; nothing is left when it resolves. */
  async stop(): Promise<Stopped | null> {
    this.retiring = true;
    this.#end.abort();
    const run = this.#run;
    const stopped = run === null || run.state === 'backing-off' ? null : await run.stop();
    await this.#loop;
    return stopped;
  }

  /** Lets go without stopping anything. */
  async close(): Promise<void> {
    this.retiring = true;
    this.#closed = true;
    this.#end.abort();
    this.#run?.close();
    await this.#loop;
  }

  async #live(): Promise<void> {
    if (this.#run !== null && this.#run.state !== 'backing-off') await this.#supervise(this.#run);
    while (!this.#over()) {
      await this.#wanted();
      if (this.#over()) return;
      const run = await this.#start();
      if (run !== null) await this.#supervise(run);
      if (!this.#over()) await pause(restartDelay(this.#crashes), this.#end.signal);
    }
  }

  #over(): boolean {
    return this.retiring || this.#end.signal.aborted;
  }

  async #wanted(): Promise<void> {
    if (this.#wish !== null) return;
    await abortable(this.#wished.promise, this.#end.signal).catch(() => undefined);
  }

  /** Launches an instance; null when that failed, which counts as a crash. */
  async #start(): Promise<Run | null> {
    const workload = this.#wish;
    if (workload === null) return null;
    try {
      const launched = await launchInstance(workload, this.number, this.#crashCount, this.#context);
      const { spec } = launched;
      this.#run = this.#follow(launched);
      this.#context.log.info({ instance: spec.id, port: spec.port }, 'an instance was launched');
      this.#restart = workload.restart;
      this.#version = workload.version;
      if (this.#closed) this.#run.close();
      this.#changed();
      return this.#run;
    } catch (cause) {
      this.#crash({ at: this.#context.now(), healthyMs: null });
      this.#giveUp(launchFailure(cause, workload));
      return null;
    }
  }

  /** Resolves when the run is over and has been dealt with. */
  async #supervise(run: Run): Promise<void> {
    const outcome = await abortable(run.outcome, this.#end.signal).catch(() => null);
    if (this.#closed) return;
    if (outcome === null) {
      await run.stop();
    } else {
      await this.#after(run, outcome);
    }
    if (run.spec.cgroup !== null) removeCgroup(run.spec.cgroup);
    run.become('backing-off');
    run.close();
    this.#context.ended();
  }

  async #after(run: Run, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'ended') {
      run.become('backing-off');
      await this.#afterCrash(run, outcome.exit);
      return;
    }
    const healthyMs = run.everHealthy ? 0 : null;
    this.#crash({ at: this.#context.now(), healthyMs });
    this.#giveUp(outcome.error);
    // What was never healthy has never been given a request.
    if (run.everHealthy) await this.#release(run);
    await run.stop();
  }

  async #afterCrash(run: Run, exit: Exit): Promise<void> {
    const { log, now } = this.#context;
    const evidence = { spec: run.spec, stderrLog: run.logs.stderr, lastLines: run.lastLines() };
    const refusal = run.refusal();
    const healthyMs = await run.crashed(exit);
    log.warn({ instance: run.spec.id, code: exit.code, signal: exit.signal }, 'an instance ended unasked');
    this.#crash({ at: exit.at, healthyMs });
    if (refusal !== null) this.#giveUp(limitRefused(run.spec, refusal));
    else if (isCrashLoop(this.#crashes, now())) this.#giveUp(crashLoop(evidence, exit, this.#crashes.length));
  }

  async #release(run: Run): Promise<void> {
    run.become('stopping');
    const view = this.view();
    if (view === null) return;
    await this.#context.hooks.release([view]).catch((error: unknown) => {
      this.#context.log.warn({ instance: view.id, error }, 'an unhealthy instance was not released');
    });
  }

  #crash(crash: Crash): void {
    this.#crashes = [...sinceForgiven([...this.#crashes, crash])];
    this.#crashCount += 1;
    // Forgiven: what happens next is a new story, worth a new report.
    if (this.#crashes.length === 1) this.#reported = false;
    this.#changed();
  }

  /** Tells those who wait, or, once per loop, the one who is told of failures. It goes on trying all the same. */
  #giveUp(error: TealError): void {
    if (this.#waiters.size > 0) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    } else if (this.#established && !this.#reported) {
      this.#reported = true;
      this.#context.hooks.failing(this.#place, this.#version, error);
    }
  }

  #runChanged(): void {
    if (this.#run?.state === 'healthy') {
      this.#established = true;
      for (const waiter of this.#waiters) waiter.resolve();
      this.#waiters.clear();
    }
    this.#changed();
  }

  #changed(): void {
    if (!this.#closed) this.#context.hooks.changed(this.#place);
  }

  #follow({ spec, folder, launcher }: Pick<RunOptions, 'spec' | 'folder' | 'launcher'>): Run {
    const { now, own, closing, fence } = this.#context;
    return new Run({ spec, folder, launcher, now, own, closing, fence, changed: () => this.#runChanged() });
  }

  #recall(adopted: Adopted): void {
    this.#crashes = [...sinceForgiven(adopted.crashes)];
    this.#crashCount = adopted.spec.crashes + (adopted.running ? 0 : 1);
    this.#run = adopted.running ? this.#follow({ ...adopted, launcher: null }) : null;
    const healthyBefore = adopted.crashes.some((crash) => crash.healthyMs !== null);
    this.#established = healthyBefore || this.#run?.everHealthy === true;
  }
}
