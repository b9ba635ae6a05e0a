import { TealError } from '../../../src/errors.ts';
import { nothingCounted, type Counted, type Past } from '../../../src/metrics/counted.ts';
import { compileTable } from '../../../src/router/embedded/compile.ts';
import type { CompiledTable } from '../../../src/router/embedded/compiled-table.ts';
import { Registry } from '../../../src/router/embedded/registry.ts';
import { turnMs, Word } from '../../../src/router/embedded/word.ts';
import { exposes, withoutExposures } from '../../../src/router/expired.ts';
import type {
  Confirmed,
  CountRequest,
  DrainReport,
  DrainRequest,
  RouterStatus,
} from '../../../src/router/router.ts';
import type { RoutingTable } from '../../../src/router/table.ts';
import type { Random } from '../random.ts';
import type { Outside } from './faults.ts';
import { qualityOf } from './instances.ts';
import { Requests } from './requests.ts';
import type { Time } from './time.ts';

export interface Worker {
  readonly number: number;
  table: RoutingTable | null;
  compiled: CompiledTable | null;
}

/** Told of what the router does. */
export interface RouterWatcher {
  committed(worker: Worker, before: RoutingTable | null): void;
  applying(table: RoutingTable): void;
  draining(request: DrainRequest): void;
  cut(requests: number): void;
}

/** Of the embedded router: what it may not have told anybody yet when it is killed. */
const workers = 2;
/** Without a word for so long nobody is exposed: longer than a control plane takes to start again, shorter than some storms. */
export const exposureMs = 7000;

/** The router's process by the contract of `Router`: it outlives control planes, and its last table outlives it. */
export class SimulatedRouter {
  readonly #time: Time;
  readonly #random: Random;
  readonly #outside: Outside;
  readonly requests = new Requests();
  readonly workers: Worker[] = Array.from({ length: workers }, (_, number) => ({
    number,
    table: null,
    compiled: null,
  }));
  watcher: RouterWatcher | null = null;
  up = true;
  /** When a control plane was heard last, by elapsed time. */
  heardAt = 0;
  #word: Word;
  /** What is exposed is out of force. */
  #expired = false;
  /** What a worker that starts now is given; `#disk` is what a router that starts now is. */
  #table: RoutingTable | null = null;
  #disk: RoutingTable | null = null;
  /** Rises with every restart: what was begun before ends with its process. */
  #epoch = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #closed = new Map<string, { readonly seq: number; readonly counted: Counted }>();
  #countedAt = 0;

  constructor(time: Time, random: Random, outside: Outside) {
    this.#time = time;
    this.#random = random;
    this.#outside = outside;
    this.#word = this.#newWord(null);
    const turn = (): void => {
      this.#turnClock();
      time.aside(turnMs, turn);
    };
    time.aside(turnMs, turn);
  }

  get generation(): number {
    return this.#table?.generation ?? 0;
  }

  /** One table at a time. */
  apply(table: RoutingTable): Promise<void> {
    this.#mustBeUp();
    this.watcher?.applying(table);
    const applied = this.#queue.then(() => this.#apply(table, this.#epoch));
    this.#queue = applied.catch(() => undefined);
    return applied;
  }

  /** The one that is in force, which goes on to be. */
  async confirm(table: RoutingTable): Promise<Confirmed> {
    this.#mustBeUp();
    const same = this.#table !== null && isSame(table, this.#table);
    if (same) await this.apply(table);
    return { generation: this.generation, same };
  }

  async drain(request: DrainRequest, signal: AbortSignal): Promise<DrainReport> {
    this.#mustBeUp();
    // A message that comes late, or twice, is of no use to whoever has given up.
    signal.throwIfAborted();
    this.watcher?.draining(request);
    const epoch = this.#epoch;
    const endpoints = new Set(request.endpoints);
    const before = this.requests.of(endpoints).length;
    const began = this.#time.now;
    await this.requests.untilNone(endpoints, this.#time.pause(request.deadlineMs), signal);
    this.#mustBe(epoch);
    const left = this.requests.of(endpoints);
    for (const each of left) this.requests.end(each);
    this.watcher?.cut(left.length);
    const seconds = (this.#time.now - began) / 1000;
    return { finished: before - left.length, cut: left.length, seconds };
  }

  status(): RouterStatus {
    this.#mustBeUp();
    return {
      pid: this.#epoch,
      generation: this.generation,
      workers: this.workers.map(({ number, table }) => ({
        pid: number,
        generation: table?.generation ?? 0,
        connections: 0,
      })),
      listen: [{ host: '127.0.0.1', port: 80, secure: false }],
      h2c: [],
      certificates: [],
      environments: [],
      endpoints: [],
      startedAt: 0,
      workersReplaced: { count: 0, last: null },
      heard: { at: this.#word.heardAt, expiresAfterMs: exposureMs, expiry: null },
      tablesRepaired: { count: 0, last: null },
      accessLog: null,
    };
  }

  /** The same tick for the same number; people on a candidate that is `worse` are hit by errors. */
  count({ app, release, seq }: CountRequest): Counted & { readonly lost: boolean } {
    this.#mustBeUp();
    const key = `${app}/${release}`;
    const known = this.#closed.get(key);
    if (known?.seq === seq) return { ...known.counted, lost: false };
    const seconds = Math.max((this.#time.now - this.#countedAt) / 1000, 0.001);
    this.#countedAt = this.#time.now;
    const counted = { ...nothingCounted(seq), seconds, strata: this.#strata(app, seconds / 60) };
    this.#closed.set(key, { seq, counted });
    return { ...counted, lost: known !== undefined && known.seq + 1 !== seq };
  }

  past(): Past {
    this.#mustBeUp();
    return { slow: null, scale: [], before: { exposed: 100, events: 0 } };
  }

  /** Ends, with all it holds, and starts with the table on its disk. */
  async restart(): Promise<void> {
    this.up = false;
    this.#epoch += 1;
    this.#queue = Promise.resolve();
    for (const worker of this.workers)
      for (const each of this.requests.ofWorker(worker.number)) this.requests.end(each);
    await this.#outside.pause(null, 20, 2000);
    this.#table = this.#disk;
    this.#word = this.#newWord(this.#word.heardAt);
    this.#expired = false;
    this.up = true;
    for (const worker of this.workers) this.#commit(worker, this.#shown);
  }

  /** A worker ends, with what it holds; the one that takes its place starts with the newest table. */
  replace(worker: Worker): void {
    for (const each of this.requests.ofWorker(worker.number)) this.requests.end(each);
    this.#commit(worker, this.#shown);
  }

  /** As workers have it. */
  get #shown(): RoutingTable | null {
    if (this.#table === null || !this.#expired) return this.#table;
    let without = expiredOf.get(this.#table);
    if (without === undefined) expiredOf.set(this.#table, (without = withoutExposures(this.#table)));
    return without;
  }

  #newWord(heardAt: number | null): Word {
    const { now, wall } = this.#time;
    return new Word({ limitMs: exposureMs, heardAt, today: wall, now });
  }

  #turnClock(): void {
    if (!this.up) return;
    this.#word.turn(this.#time.now);
    if (!this.#word.expired || this.#expired || this.#table === null || !exposes(this.#table)) return;
    this.#expired = true;
    for (const worker of this.workers) this.#commit(worker, this.#shown);
  }

  async #apply(table: RoutingTable, epoch: number): Promise<void> {
    this.#mustBe(epoch);
    const current = this.#table;
    if (current !== null && table.generation <= current.generation) {
      if (!isSame(table, current)) throw older(table, current);
      this.#hear();
      await this.#converge(current, epoch);
      return;
    }
    this.#hear();
    const compiled = compileTable(table, new Registry());
    await Promise.all(this.workers.map(() => this.#turn()));
    this.#mustBe(epoch);
    if (this.#outside.weather.diskFull && this.#random.chance(0.5)) throw noRoom();
    this.#disk = table;
    this.#table = table;
    await this.#converge(table, epoch, compiled);
  }

  #hear(): void {
    this.heardAt = this.#time.now;
    this.#word.heard(this.#time.wall);
    this.#expired = false;
  }

  /** Every worker that has not got it yet; resolves when all have said so. */
  async #converge(table: RoutingTable, epoch: number, compiled?: CompiledTable): Promise<void> {
    const slow = this.#outside.weather.workerBehind ? this.#random.between(0, workers - 1) : -1;
    await Promise.all(
      this.workers.map(async (worker) => {
        if (worker.number === slow) await this.#outside.pause(null, 100, 8000);
        else await this.#turn();
        this.#mustBe(epoch);
        if (worker.table === table) return;
        this.#commit(worker, table, compiled);
        await this.#turn();
        this.#mustBe(epoch);
      }),
    );
  }

  #commit(worker: Worker, table: RoutingTable | null, compiled?: CompiledTable): void {
    const before = worker.table;
    worker.table = table;
    worker.compiled = table === null ? null : (compiled ?? compileTable(table, new Registry()));
    this.watcher?.committed(worker, before);
  }

  /** A message to a worker and back. */
  #turn(): Promise<void> {
    return this.#random.chance(0.7) ? Promise.resolve() : this.#outside.pause(null, 1, 20);
  }

  #mustBeUp(): void {
    if (!this.up) throw unavailable('it is not running');
  }

  #mustBe(epoch: number): void {
    if (!this.up || this.#epoch !== epoch) throw unavailable('it ended meanwhile');
  }

  #strata(app: string, minutes: number): Counted['strata'] {
    const found = this.#table?.apps.find((each) => each.app === app);
    const candidate = found?.judged?.candidate;
    const version = candidate === undefined ? undefined : found?.environments[candidate]?.version;
    if (version === undefined) return [];
    const events = qualityOf(version) === 'worse' ? 40 : 0;
    const people = 60;
    const errors = {
      candidate: { exposed: people * minutes, events },
      live: { exposed: people * minutes, events: 0 },
    };
    return [
      {
        name: 'all',
        events: { errors },
        scores: {},
        fresh: [],
        arrived: { candidate: 0, live: 0 },
        instances: [],
      },
    ];
  }
}

const expiredOf = new WeakMap<RoutingTable, RoutingTable>();

const isSame = (one: RoutingTable, two: RoutingTable): boolean =>
  one === two || (one.generation === two.generation && JSON.stringify(one) === JSON.stringify(two));

export const unavailable = (why: string): TealError =>
  new TealError('router-unavailable', `the router does not answer: ${why}`, {
    remedy: 'see teal doctor',
    details: { link: 'broken' },
  });

const noRoom = (): TealError =>
  new TealError('disk-full', 'the routing table could not be written', { remedy: 'make room' });

const older = (table: RoutingTable, current: RoutingTable): TealError =>
  new TealError('table-refused', `table ${table.generation} is not newer than ${current.generation}`, {
    remedy: 'build it again under a new number',
    details: { generation: table.generation, current: current.generation },
  });
