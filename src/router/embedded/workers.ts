import type { Logger } from 'pino';
import type { RouterStatus } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { Listener } from './listen-handle.ts';
import { boundAddress } from './listen-handle.ts';
import type { Member } from './member.ts';
import type { RouterOptions, WorkerStatus } from './options.ts';
import type { Retired } from './retire.ts';
import type { TlsMaterial } from './tls/material.ts';
import type { WorkerTls } from './worker.ts';
import { WorkerProcess } from './worker-process.ts';

/** A worker that lived for less is part of a crash loop. */
const healthyLifeMs = 5_000;
/**
 * One that does not acknowledge a table for this long is killed, with all it holds, and replaced. While it stalls it
 * answers nobody from the old table either, so waiting costs only time; killing costs every request it has. 10 s is
 * past what a pause for memory or a machine short of CPU explains, and below the 30 s for which requests, and who sent
 * them, commonly wait: those it holds can still be answered if it wakes.
 */
const silentMs = 10_000;
/**
 * The time is counted in turns of our own loop. When the whole machine was stopped, all of it passes in one turn, and
 * nobody was silent.
 */
const turnMs = 250;
/** One that starts serves nothing yet, and may take its time on a busy machine; but not for ever. */
const startMs = 30_000;
/** One that says yes so often, and then has another table all the same, cannot be told anything: it is killed, and replaced. */
const mostRounds = 3;
/** Beyond all deadlines of a worker that retires: for what it says at its end. */
const retireGraceMs = 10_000;
const firstBackoffMs = 50;
const longestBackoffMs = 5_000;

/**
 * Keeps N workers running. One that ends is replaced at once (with growing pauses when it keeps ending at once) by one
 * that starts with the newest table; the listening sockets are the parent's, so nothing is refused meanwhile.
 */
export class Workers {
  /** What a worker that starts now is given, and what `converge` brings all to. */
  table: RoutingTable | null = null;
  /** What a worker that starts now decrypts with; null when nothing is encrypted. */
  material: TlsMaterial | null = null;
  /** A worker has another table than it was given. */
  strayed: (worker: Member, has: number) => void = () => {};
  readonly #options: RouterOptions;
  readonly #listeners: readonly Listener[];
  readonly #log: Logger;
  /** Workers, and whoever was adopted. */
  readonly #running = new Set<Member>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** By the index of their share. */
  readonly #places: (WorkerProcess | undefined)[] = [];
  #replaced: RouterStatus['workersReplaced'] = { count: 0, last: null };
  #crashes = 0;
  #started = false;
  #closing = false;
  #serving: boolean;

  /** @param serving false: workers start, and accept nothing before `serve` */
  constructor(options: RouterOptions, listeners: readonly Listener[], log: Logger, serving = true) {
    this.#options = options;
    this.#listeners = listeners;
    this.#log = log;
    this.#serving = serving;
  }

  /** Those that ended by themselves. */
  get replaced(): RouterStatus['workersReplaced'] {
    return this.#replaced;
  }

  /** All that carry traffic by orders from here. */
  get all(): readonly Member[] {
    return [...this.#running];
  }

  /** Resolves when all accept connections, or could. Until then none is replaced: why one did not start is for who asked for it. */
  async start(): Promise<void> {
    for (let index = 0; index < this.#options.workers; index++) this.#spawn();
    await Promise.all(this.all.map(({ started }) => started));
    this.#started = true;
    // One may have ended while another was still starting.
    for (let missing = this.#options.workers - this.#own.length; missing > 0; missing--) this.#replace();
  }

  /** Resolves when all accept connections; one that ends meanwhile is replaced by one that does. */
  async serve(): Promise<void> {
    this.#serving = true;
    await Promise.all(this.#own.map((worker) => unlessDead(worker, worker.listen())));
  }

  /** Another that carries traffic gets the same orders from now on, until it is dropped. */
  adopt(member: Member): void {
    this.#running.add(member);
  }

  drop(member: Member): void {
    this.#running.delete(member);
  }

  /**
   * Accepts no more, lets what is there end, and ends it at the deadline; each worker ends when it carries nothing.
   * @param last told what each worker said of itself at its end @returns how much was cut
   */
  async retire(deadlineMs: number, last: (worker: Member, status: WorkerStatus) => void): Promise<number> {
    this.#end();
    const { idleTimeoutMs } = this.#options.client;
    const cuts = this.#own.map((worker) => retireOne(worker, { deadlineMs, idleTimeoutMs, last }));
    return (await Promise.all(cuts)).reduce((sum, cut) => sum + cut, 0);
  }

  /** Compiles the table everywhere, changing nothing yet. A worker that ends meanwhile is left to `converge`. */
  async prepare(table: RoutingTable): Promise<void> {
    await Promise.all(this.all.map((worker) => unlessDead(worker, worker.prepare(table))));
  }

  /** Resolves when every worker that takes connections has acknowledged `table`, replacements included. */
  async converge(table: RoutingTable): Promise<void> {
    for (let round = 1; ; round++) {
      const behind = this.all.filter((worker) => !worker.holds(table));
      if (behind.length === 0) return;
      await Promise.all(behind.map((worker) => unlessDead(worker, this.#bring(worker, table, round))));
    }
  }

  /** Puts other certificates or ticket keys in force everywhere. A worker that ends meanwhile is replaced by one that has them. */
  async decryptWith(material: TlsMaterial): Promise<void> {
    this.material = material;
    await Promise.all(
      this.all.map((worker) =>
        unlessDead(
          worker,
          worker.call('material', material).then(() => {}),
        ),
      ),
    );
  }

  /** Ends all: requests in flight until the deadline, then by force. */
  async close(deadlineMs: number): Promise<void> {
    this.#end();
    await Promise.all(
      this.all.map(async (worker) => {
        const force = setTimeout(() => worker.kill(), deadlineMs + 1000);
        await worker.call('close', { deadlineMs }).catch(() => worker.kill());
        clearTimeout(force);
      }),
    );
  }

  async #bring(worker: Member, table: RoutingTable, round: number): Promise<void> {
    const has = await worker.bring(table);
    if (has === table.generation) return;
    this.strayed(worker, has);
    if (round >= mostRounds) worker.kill();
  }

  get #own(): readonly WorkerProcess[] {
    return this.#places.filter((worker) => worker !== undefined && !worker.dead) as WorkerProcess[];
  }

  /** No worker is replaced any more. */
  #end(): void {
    this.#closing = true;
    // One that asks for the sockets again would be given closed ones.
    this.#serving = false;
    for (const timer of this.#restarts) clearTimeout(timer);
  }

  /** What keeps one from starting may keep the next; each is told, and tried after its pause. */
  #replace(): void {
    const worker = this.#spawn();
    worker.started.catch((error: unknown) => {
      if (!this.#closing)
        this.#log.error({ worker: worker.pid, error: String(error) }, 'a worker did not start');
    });
  }

  #spawn(): WorkerProcess {
    const { client, trustedProxies, proxyProtocol, geoDatabase = null, observe } = this.#options;
    const share = { index: this.#freePlace(), of: this.#options.workers };
    const observed = observe === undefined ? {} : { observe };
    const start = {
      client,
      trustedProxies,
      proxyProtocol,
      geoDatabase,
      tls: this.#tls(),
      table: this.table,
      share,
      ...observed,
    };
    const listeners = (): readonly Listener[] => (this.#serving ? this.#listeners : []);
    const worker = new WorkerProcess(start, listeners, (how) => this.#ended(worker, how));
    this.#running.add(worker);
    this.#places[share.index] = worker;
    return worker;
  }

  /** A replacement gets the share of the one that ended: two with the same share would be one too many. */
  #freePlace(): number {
    const free = this.#places.findIndex((worker) => worker?.dead ?? true);
    return free < 0 ? this.#places.length : free;
  }

  #tls(): WorkerTls | null {
    const { tls: config } = this.#options;
    const secure = this.#listeners.find(({ speech }) => speech === 'tls');
    if (config === null || this.material === null || secure === undefined) return null;
    return { config, material: this.material, port: boundAddress(secure.handle).port };
  }

  #ended(worker: WorkerProcess, how: string): void {
    this.#running.delete(worker);
    if (!this.#started || this.#closing) return;
    const last = { at: Date.now(), pid: worker.pid, how };
    this.#replaced = { count: this.#replaced.count + 1, last };
    const life = performance.now() - worker.startedAt;
    this.#crashes = life < healthyLifeMs ? this.#crashes + 1 : 0;
    const loops = Math.floor(this.#crashes / (this.#options.workers + 1));
    const pause = loops === 0 ? 0 : Math.min(longestBackoffMs, firstBackoffMs * 2 ** loops);
    this.#log.error({ worker: worker.pid, how, restartInMs: pause }, 'a worker ended');
    if (pause === 0) {
      this.#replace();
      return;
    }
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#replace();
    }, pause);
    this.#restarts.add(timer);
  }
}

interface Retiring {
  readonly deadlineMs: number;
  readonly idleTimeoutMs: number;
  readonly last: (worker: Member, status: WorkerStatus) => void;
}

/** @returns how much of it was cut; of one that dies, all that it held when it was last heard of */
async function retireOne(worker: WorkerProcess, { last, ...asked }: Retiring): Promise<number> {
  let left = 0;
  const longest = Math.max(asked.deadlineMs, asked.idleTimeoutMs) + retireGraceMs;
  const hung = setTimeout(() => worker.kill(), longest);
  try {
    const onProgress = (inFlight: number): void => {
      left = inFlight;
    };
    const { cut, status } = (await worker.call('retire', asked, { onProgress })) as Retired;
    last(worker, status);
    await worker.call('close', { deadlineMs: 0 }).catch(() => {});
    return cut;
  } catch {
    worker.kill();
    return left;
  } finally {
    clearTimeout(hung);
  }
}

async function unlessDead(worker: Member, doing: Promise<void>): Promise<void> {
  let patience = startMs / turnMs;
  worker.started.then(
    () => {
      patience = silentMs / turnMs;
    },
    () => {},
  );
  const timer = setInterval(() => {
    if (--patience <= 0) worker.kill();
  }, turnMs);
  try {
    await doing;
  } catch (error) {
    if (!worker.dead) throw error;
  } finally {
    clearInterval(timer);
  }
}
