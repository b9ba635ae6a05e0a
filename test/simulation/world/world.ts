import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import type { App } from '../../../src/config/config.ts';
import type { By } from '../../../src/control/apps.ts';
import { TealError } from '../../../src/errors.ts';
import type { Event } from '../../../src/release/events.ts';
import { evolve } from '../../../src/release/evolve.ts';
import { nothing, type AppState } from '../../../src/release/state.ts';
import { upcast } from '../../../src/release/upcast.ts';
import type { RoutingTable } from '../../../src/router/table.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import type { StoredEvent } from '../../../src/store/store.ts';
import type { Invariant, MakeInvariant } from '../invariant.ts';
import { Random } from '../random.ts';
import { appsOf } from './apps.ts';
import { start, type Control } from './control.ts';
import { Databases, withDatabase } from './database.ts';
import { Outside } from './faults.ts';
import { Machine } from './instances.ts';
import { as, Life, never } from './life.ts';
import { give, type Order } from './orders.ts';
import { crowd } from './people.ts';
import { SimulatedRouter } from './router.ts';
import { Time } from './time.ts';

/** What does not hold: the number of an invariant, or 0 for a release that comes to no end. */
export interface Violation {
  readonly invariant: number;
  readonly says: string;
  /** Milliseconds of simulated time. */
  readonly at: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly invariants: readonly MakeInvariant[];
  /** Told what happens, for people; null: nobody asks. */
  readonly trace: ((line: string) => void) | null;
}

/** Everything there is, beside the control plane: and the log, folded by the shipped `evolve` as it is written. */
export class World {
  readonly random: Random;
  readonly time = new Time();
  readonly outside: Outside;
  readonly machine: Machine;
  readonly router: SimulatedRouter;
  readonly people = crowd();
  readonly databases: Databases;
  readonly apps: readonly App[];
  /** As teal.yaml says now, by name. */
  readonly files = new Map<string, App>();
  readonly violations: Violation[] = [];
  readonly opened: SqliteStore[] = [];
  /** By app: events so far. */
  readonly log = new Map<string, StoredEvent[]>();
  /** Apps that every worker has served a live version of, and that are not being removed. */
  readonly served = new Set<string>();
  /** The control plane that works; null while there is none. */
  control: Control | null = null;
  /** Another that still thinks that it is the one. */
  former: Control | null = null;
  /** By how much the clock has been set, all in all. */
  jumpedMs = 0;
  /** Since when nothing is wrong, if nothing is. */
  calmSince = 0;
  #storms = 0;
  #lives = 0;
  readonly #states = new Map<string, AppState[]>();
  readonly #invariants: readonly Invariant[];
  readonly #trace: WorldOptions['trace'];
  readonly #folder = mkdtempSync(path.join(scratch, 'teal-simulation-'));
  readonly #file = path.join(this.#folder, 'teal.db');

  constructor({ seed, invariants, trace }: WorldOptions) {
    this.#trace = trace;
    this.random = new Random(seed);
    this.outside = new Outside(this.time, this.random);
    this.machine = new Machine(this.time, this.random, this.outside);
    this.router = new SimulatedRouter(this.time, this.random, this.outside);
    this.databases = new Databases(this.time, seed);
    this.apps = appsOf(this.random).map((app) => withDatabase(this.databases.random, app));
    for (const app of this.apps) this.files.set(app.name, app);
    this.#wire();
    this.#invariants = invariants.map((make) => make(this));
  }

  get calm(): boolean {
    return this.#storms === 0 && this.control !== null;
  }

  state(app: string): AppState {
    return this.#states.get(app)?.at(-1) ?? nothing(app);
  }

  /** As of an event; undefined when there is no such one. */
  stateAt(app: string, version: number): AppState | undefined {
    return version === 0 ? nothing(app) : this.#states.get(app)?.[version - 1];
  }

  note(line: () => string): void {
    this.#trace?.(`${(this.time.now / 1000).toFixed(3).padStart(9)}  ${line()}`);
  }

  broken(invariant: number, says: string): void {
    this.note(() => `BROKEN ${invariant}: ${says}`);
    this.violations.push({ invariant, says, at: this.time.now });
  }

  tell(call: (invariant: Invariant) => void): void {
    for (const invariant of this.#invariants) call(invariant);
  }

  /** From now on something is wrong, until what is returned is called. */
  storm(): () => void {
    this.#storms += 1;
    return () => {
      this.#storms -= 1;
      this.calmSince = this.time.now;
    };
  }

  /** A control plane starts; again and again until it does. */
  boot(): void {
    const life = new Life(`control ${++this.#lives}`);
    this.note(() => `${life.name} starts`);
    void start(this, life, this.#file).then(
      (control) => {
        // Killed at the very end of its start, by what it did not wait for: another is on its way.
        if (!life.alive) return;
        this.note(() => `${life.name} works`);
        this.control = control;
        this.calmSince = this.time.now;
      },
      (error: unknown) => this.#notBooted(life, error),
    );
  }

  /** The one that works goes on as if nobody had taken its place; router and instances are the new one's. */
  supplant(): void {
    if (this.control === null || this.former !== null) return;
    this.former = this.control;
    this.former.link.cut = true;
    this.former.life.fenced = true;
    this.control = null;
    this.boot();
  }

  /** Somebody asks the control plane for something, if there is one. */
  async order(order: Order, by: By, to: Control | null = this.control): Promise<unknown> {
    if (to === null) return null;
    if (order.config !== undefined) this.files.set(order.app, order.config);
    const { life, system } = to;
    // One whose place another has taken answers by what it knew.
    const before = system.deps.apps.state(order.app);
    const error = await as(life, () =>
      give(system.deps, order, by).then(
        () => null,
        (refused: unknown) => refused ?? new Error('refused without a word'),
      ),
    );
    if (!life.alive) return await never();
    this.note(
      () =>
        `${by.actor}: ${order.name} ${order.group ?? order.app} ${JSON.stringify(order.body)} → ${answer(error)}`,
    );
    if (error !== null && !(error instanceof TealError)) this.complained(error);
    this.tell((each) => each.answered?.(order, by, { error, before }));
    return error;
  }

  /** Events are on disk. */
  written(events: readonly StoredEvent[]): void {
    for (const event of events) this.#append(event);
  }

  /** A control plane has read this at its start, as of this event. */
  read(state: AppState, version: number): void {
    this.tell((each) => each.started?.(state, version));
  }

  folded(state: AppState, version: number): void {
    this.tell((each) => each.folded?.(state, version));
  }

  /** What goes wrong without a name of its own is a fault of Teal. */
  complained(error: unknown): void {
    if (error instanceof TealError && error.code !== 'internal') return;
    if (error instanceof DOMException && error.name === 'AbortError') return;
    this.broken(
      5,
      `an error without a name: ${error instanceof Error ? (error.stack ?? '') : inspect(error)}`,
    );
  }

  async close(): Promise<void> {
    for (const store of this.opened) await store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What is on disk when all is over, read by a process that knows nothing. */
  async stored(): Promise<readonly StoredEvent[]> {
    const store = await SqliteStore.open(this.#file);
    this.opened.push(store);
    const streams = await store.streams();
    return (await Promise.all(streams.map((stream) => store.read(stream)))).flat();
  }

  #append(event: StoredEvent): void {
    const { stream, version, type, data, at, actor } = event;
    this.note(() => `${stream} ${version} ${actor} ${type} ${JSON.stringify(data).slice(0, 160)}`);
    const before = this.state(stream);
    const states = this.#states.get(stream) ?? [];
    this.#states.set(stream, states);
    if (states.length + 1 !== version)
      this.broken(6, `event ${version} of ${stream} follows event ${states.length}`);
    let after = before;
    try {
      after = evolve(before, upcast({ type, ...(data as object) } as Event), { at, actor });
    } catch (error) {
      this.broken(6, `event ${version} of ${stream} does not follow from its log: ${String(error)}`);
    }
    states.push(after);
    const log = this.log.get(stream) ?? [];
    log.push(event);
    this.log.set(stream, log);
    if (after.removing || after.config === null) this.served.delete(stream);
    this.tell((each) => each.appended?.(event, before, after));
  }

  #isServed(app: string): boolean {
    const { config, removing } = this.state(app);
    const isThere = (table: RoutingTable | null): boolean =>
      table?.apps.some((each) => each.app === app && each.live !== null) ?? false;
    return config !== null && !removing && this.router.workers.every(({ table }) => isThere(table));
  }

  #notBooted(life: Life, error: unknown): void {
    if (!life.alive) return;
    life.alive = false;
    this.note(() => `${life.name} does not start: ${String(error)}`);
    const known =
      error instanceof TealError &&
      ['disk-full', 'store-conflict', 'router-unavailable'].includes(error.code);
    if (!known) this.broken(6, `a control plane does not start: ${String(error)}`);
    this.time.after(1000, () => this.boot());
  }

  #wire(): void {
    this.outside.killed = (life, where) => {
      this.note(() => `${life.name} is killed ${where}`);
      if (this.former?.life === life) {
        this.former = null;
        return;
      }
      this.control = null;
      this.machine.supervisor = null;
      this.time.after(this.random.spread(10, 5000), () => this.boot());
    };
    this.machine.onStop = (instance) => {
      this.note(() => `${instance.id} is told to stop`);
      this.tell((each) => each.stopping?.(instance));
    };
    this.machine.onEnd = (instance) => {
      this.note(() => `${instance.id} has ended`);
      this.router.requests.endAll(instance.id);
    };
    this.router.watcher = {
      applying: (table) => this.tell((each) => each.applying?.(table)),
      draining: (request) => this.tell((each) => each.draining?.(request)),
      cut: () => undefined,
      committed: (worker, before) => {
        for (const { app } of worker.table?.apps ?? []) if (this.#isServed(app)) this.served.add(app);
        if (worker.table !== before)
          this.note(
            () => `worker ${worker.number} has table ${worker.table?.generation}: ${summary(worker.table)}`,
          );
        this.tell((each) => each.committed?.(worker, before));
      },
    };
  }
}

const answer = (error: unknown): string =>
  error === null ? 'done' : error instanceof TealError ? `${error.code}: ${error.message}` : inspect(error);

function summary(table: SimulatedRouter['workers'][number]['table']): string {
  return (table?.apps ?? [])
    .map(({ app, live, environments, audience }) => {
      const sides = (['blue', 'green'] as const).map(
        (colour) => environments[colour]?.endpoints.length ?? '-',
      );
      const exposed =
        audience?.release?.exposed.map(({ to, width }) => `${to.join('+')}${width / 1000}%`) ?? [];
      return `${app}=${live}(${sides.join('/')})${exposed.length > 0 ? ` exposes ${exposed.join(',')}` : ''}`;
    })
    .join(' ');
}

/** In memory where there is such a place: what is simulated is the disk. */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
