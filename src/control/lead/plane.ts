import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { LeaseView } from '../../store/lease.ts';
import type { PostgresDatabase } from '../../store/postgres/database.ts';
import type { Control, Host } from '../running.ts';
import { pause } from '../pause.ts';
import type { Ground } from '../system.ts';
import type { LeaderView, PlaneView } from './contract.ts';
import type { Front } from './front.ts';
import { Leadership, leaseTimes, type Standing } from './leadership.ts';

/** Starts all that a control plane does while it leads; the stack undoes it. */
export type Work = (ground: Ground, undo: AsyncDisposableStack, host: Host) => Promise<Control>;

export interface PlaneOptions {
  readonly file: string;
  readonly config: Config;
  readonly database: PostgresDatabase;
  readonly front: Front;
  readonly name: string;
  readonly socket: string;
  readonly log: Logger;
  readonly undo: AsyncDisposableStack;
  readonly work: Work;
  /** Makes this the one that commands find. */
  readonly point: () => void;
  readonly onLeader: (leader: LeaderView) => void;
}

/** After a take-over that failed: whoever else stands by comes first. */
const retryMs = 1_000;

interface Leading {
  readonly leadership: Leadership;
  readonly control: Control;
}

/**
 * One of several control planes on one event log: stands by, takes the lease when it is free, works as long as it has it, and stands by again. It
 * never acts on what it knew before: each term reads the event log anew.
 */
export class Plane {
  readonly #options: PlaneOptions;
  readonly #standing: Standing;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #config: Config;
  #leading: Leading | null = null;
  #seen: { readonly lease: LeaseView; readonly at: number } | null = null;
  /** Asked to stop everything, and not only this control plane. */
  #everything = false;
  #standingFor: Promise<void> = Promise.resolve();

  constructor(options: PlaneOptions) {
    this.#options = options;
    this.#config = options.config;
    const { database, name, socket, log } = options;
    this.#standing = {
      leases: database.leases,
      who: { name, machine: hostname(), address: socket },
      times: leaseTimes,
      now: () => performance.now(),
      log,
    };
    this.#ended.promise.catch((error: unknown) => log.error({ error }, 'Teal did not stop cleanly'));
  }

  /** Resolves when it leads and works, or another one leads. @throws TealError what kept the first work from starting */
  async start(): Promise<Control> {
    this.#standingFor = this.#stand();
    void this.#standingFor.then(
      () => this.#leave(),
      (error: unknown) => this.#settled.reject(error),
    );
    try {
      await this.#settled.promise;
    } catch (error) {
      this.#stop.abort();
      await this.#standingFor;
      throw error;
    }
    const now = (): Leading | null => this.#leading;
    const { socket } = this.#options;
    return {
      get urls() {
        return now()?.control.urls ?? [];
      },
      get url() {
        return now()?.control.url ?? null;
      },
      get metrics() {
        return now()?.control.metrics ?? null;
      },
      leader: this.view().leader,
      socket,
      data: this.#config.data,
      // Who stands by is the next one already: nobody is started for it.
      handOver: () => Promise.reject(new Error('of several control planes none is replaced so')),
      ended: this.#ended.promise,
      stop: async ({ everything, signal }) => {
        this.#everything = everything;
        const { control } = this.#leading ?? {};
        await control?.stop({ everything, ...(signal === undefined ? {} : { signal }) });
        this.#stop.abort();
        await this.#ended.promise;
      },
    };
  }

  /** Where the event log is, and who leads, as far as is known here. */
  view(): PlaneView {
    const { database, name } = this.#options;
    return { store: { kind: 'postgres', where: database.where }, leader: this.#leader(name) };
  }

  #leader(answeredBy: string): LeaderView | null {
    if (this.#seen === null) return null;
    const { lease, at } = this.#seen;
    const leading = this.#leading?.leadership ?? null;
    const left = lease.leftMs - (performance.now() - at);
    const leaseLeftMs = Math.max(Math.round(leading === null ? left : leading.leftMs), 0);
    const { machine, term, since } = lease;
    return { name: leaseLeftMs > 0 ? lease.name : null, machine, term, since, leaseLeftMs, answeredBy };
  }

  async #stand(): Promise<void> {
    const { log } = this.#options;
    let away = false;
    while (!this.#stop.signal.aborted) {
      try {
        if (await this.#turn()) return;
        if (away) log.info('the database answers again');
        away = false;
        await pause(this.#untilNextLook(), this.#stop.signal);
      } catch (error) {
        if (!away) log.warn({ error }, 'nobody can lead without the database; trying again');
        away = true;
        await pause(leaseTimes.lookMs, this.#stop.signal);
      }
    }
  }

  /** No later than the lease runs out: a take-over does not wait for a turn. */
  #untilNextLook(): number {
    const leftMs = this.#seen?.lease.leftMs ?? 0;
    return leftMs > 0 ? Math.min(leftMs, leaseTimes.lookMs) : leaseTimes.lookMs;
  }

  /** One look at the lease, and a term if it is free. True: it is over for this one. */
  async #turn(): Promise<boolean> {
    const before = this.#seen;
    const leadership = await Leadership.take(this.#standing, before?.lease.term);
    if (leadership !== null) return await this.#term(leadership);
    await this.#look();
    this.#settled.resolve();
    const lease = this.#seen?.lease;
    // Also those who stand by end with everything.
    return lease?.ended === true && before?.lease.term === lease.term;
  }

  async #look(): Promise<void> {
    const { front, onLeader } = this.#options;
    const lease = await this.#standing.leases.look();
    if (lease === null) return;
    const before = this.#seen?.lease;
    this.#seen = { lease, at: performance.now() };
    front.sees(lease);
    const changed = before?.term !== lease.term || before.leftMs > 0 !== lease.leftMs > 0;
    const { leader } = this.view();
    if (changed && leader !== null) onLeader(leader);
  }

  /** True: it was stopped on purpose, and not only followed by another. */
  async #term(leadership: Leadership): Promise<boolean> {
    const { log, front } = this.#options;
    const undo = new AsyncDisposableStack();
    log.info({ term: leadership.term }, 'taking over');
    try {
      await this.#look();
      const control = await this.#work(leadership, undo);
      this.#leading = { leadership, control };
      log.info({ term: leadership.term }, 'leading');
      this.#settled.resolve();
      const stopped = await Promise.race([
        control.ended.then(() => true),
        aborted(this.#stop.signal).then(() => true),
        aborted(leadership.signal).then(() => false),
      ]);
      if (!stopped) {
        log.warn({ term: leadership.term, error: leadership.signal.reason as unknown }, 'stepping down');
        front.leads(null);
      }
      await control.stop({ everything: stopped && this.#everything });
      return stopped;
    } catch (error) {
      await undo.disposeAsync();
      // At the first start whoever started it is told; later it is tried again, as long as nobody else does better.
      this.#settled.reject(error);
      log.error({ error, term: leadership.term }, 'this control plane could not take over; trying again');
      await leadership.resign(false);
      await pause(retryMs, this.#stop.signal);
      return this.#stop.signal.aborted;
    } finally {
      front.leads(null);
      // Its own lease, as it was seen last: nothing to be passed on to.
      front.sees(null);
      this.#leading = null;
      await leadership.resign(this.#everything);
    }
  }

  async #work(leadership: Leadership, undo: AsyncDisposableStack): Promise<Control> {
    const { database, front, log, socket, work, point } = this.#options;
    const { term } = leadership;
    const store = database.leading(term, () => leadership.lose('an append has an unknown outcome'));
    const ground: Ground = {
      config: await this.#configNow(),
      store,
      log,
      fence: leadership,
      plane: () => this.view(),
    };
    return await work(ground, undo, {
      socket,
      shared: true,
      serve: async (answer) => {
        leadership.check();
        point();
        front.leads(answer);
        log.info({ term }, 'answering');
        return { close: async () => front.leads(null) };
      },
      stopping: (everything) => {
        this.#everything ||= everything;
        // Asked for, over the API or by a signal; else it is followed by another, and stands by again.
        if (!leadership.signal.aborted) this.#stop.abort();
      },
    });
  }

  /** As teal.yaml says now: another one may have applied it since. What cannot be read now was good before. */
  async #configNow(): Promise<Config> {
    try {
      const { data } = this.#config;
      this.#config = { ...(await loadConfig(this.#options.file)), data };
    } catch (error) {
      this.#options.log.warn({ error }, 'teal.yaml cannot be read now; going on with what it said before');
    }
    return this.#config;
  }

  async #leave(): Promise<void> {
    this.#settled.resolve();
    await this.#options.undo.disposeAsync().then(this.#ended.resolve, this.#ended.reject);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
