import type { Command, Fact } from '../release/input.ts';
import { TealError } from '../errors.ts';
import { decide } from '../release/decide.ts';
import type { Decision } from '../release/decision.ts';
import type { Event } from '../release/events.ts';
import { evolve } from '../release/evolve.ts';
import { nothing, stateShape, type AppState } from '../release/state.ts';
import { upcast, upcastState } from '../release/upcast.ts';
import type { NewEvent, Store, StoredEvent } from '../store/store.ts';

/** Who asks, and why. */
export interface By {
  readonly actor: string;
  readonly reason: string | null;
}

export const teal: By = { actor: 'teal', reason: null };

export type Listener = (state: AppState, events: readonly StoredEvent[]) => void;

/** A start reads at most this many events of an app beyond its snapshot. */
const eventsPerSnapshot = 200;

interface Entry {
  state: AppState;
  version: number;
  snapshotAt: number;
  /** Inputs of one app are decided one after the other; apps never wait for each other. */
  queue: Promise<unknown>;
}

interface Asked {
  readonly app: string;
  readonly input: Command;
}

interface Turn extends Asked {
  readonly entry: Entry;
}

/**
 * The apps and all that happened to them. `submit` is the only way in which anything changes:
 * decide → one store transaction → evolve → listeners.
 */
export class Apps {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<Listener>();

  private constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Folds what is stored. @throws TealError `store-unreadable` when events do not make sense to this Teal. */
  static async load(store: Store, now: () => number): Promise<Apps> {
    const apps = new Apps(store, now);
    for (const stream of await store.streams()) apps.#entries.set(stream, await apps.#read(stream));
    return apps;
  }

  names(): readonly string[] {
    return [...this.#entries].filter(([, { state }]) => state.config !== null).map(([app]) => app);
  }

  states(): readonly AppState[] {
    return this.names().map((app) => this.state(app));
  }

  state(app: string): AppState {
    return this.#entries.get(app)?.state ?? nothing(app);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Decides and stores; when it resolves, what follows is on disk. @throws the refusal, or what the store says. */
  async submit(app: string, input: Command | Fact, by: By): Promise<Decision & { events: readonly Event[] }> {
    const entry = this.#entry(app);
    const turn = entry.queue.then(() => this.#take(app, entry, input, by));
    entry.queue = turn.catch(() => undefined);
    return await turn;
  }

  /** Several apps' configurations in one transaction: all of them are applied, or none. */
  async applyAll(inputs: readonly Asked[], by: By): Promise<void> {
    await this.#together(inputs, (entries) => this.#takeAll(entries, by));
  }

  /**
   * The same command for several apps, in one transaction: those that refuse it are left out, and say why.
   * Every state is the new one before anybody is told of any, so that the next table is made of all of them.
   */
  async submitEach(
    inputs: readonly Asked[],
    by: By,
  ): Promise<readonly { readonly app: string; readonly decision: Decision }[]> {
    return await this.#together(inputs, async (entries) => {
      const decided = entries.map((each) => ({ ...each, decision: this.#ask(each.entry, each.input, by) }));
      await this.#storeAll(
        decided.map(({ app, entry, decision }) => ({ app, entry, events: decision.events ?? [] })),
        by,
      );
      return decided.map(({ app, decision }) => ({ app, decision }));
    });
  }

  /** Keeps the state of every app, so that the events before it may be pruned. */
  async saveSnapshots(): Promise<void> {
    for (const entry of this.#entries.values()) await this.#saveSnapshot(entry);
  }

  async #take(
    app: string,
    entry: Entry,
    input: Command | Fact,
    by: By,
  ): Promise<Decision & { events: readonly Event[] }> {
    const decision = this.#decide(entry, input, by);
    if (decision.events.length === 0) return decision;
    const stored = await this.#store.append(app, entry.version, decision.events.map(this.#dated(by)));
    this.#fold(entry, stored);
    this.#tell(entry, stored);
    return decision;
  }

  /** One turn for several apps: it begins when each has done with what it was asked before. */
  async #together<T>(inputs: readonly Asked[], work: (entries: readonly Turn[]) => Promise<T>): Promise<T> {
    const entries = inputs.map((asked) => ({ ...asked, entry: this.#entry(asked.app) }));
    const turn = Promise.all(entries.map(({ entry }) => entry.queue)).then(() => work(entries));
    for (const { entry } of entries) entry.queue = turn.catch(() => undefined);
    return await turn;
  }

  async #takeAll(entries: readonly Turn[], by: By): Promise<void> {
    const decided = entries.map(({ app, input, entry }) => ({
      app,
      entry,
      events: this.#decide(entry, input, by).events,
    }));
    await this.#storeAll(decided, by);
  }

  async #storeAll(
    decided: readonly {
      readonly app: string;
      readonly entry: Entry;
      readonly events: readonly Event[];
    }[],
    by: By,
  ): Promise<void> {
    const some = decided.filter(({ events }) => events.length > 0);
    if (some.length === 0) return;
    const stored = await this.#store.appendAll(
      some.map(({ app, entry, events }) => ({
        stream: app,
        expected: entry.version,
        events: events.map(this.#dated(by)),
      })),
    );
    const advanced = some.map(({ entry }, index) => ({ entry, stored: stored[index] ?? [] }));
    for (const each of advanced) this.#fold(each.entry, each.stored);
    for (const each of advanced) this.#tell(each.entry, each.stored);
  }

  #ask(entry: Entry, input: Command | Fact, by: By): Decision {
    return decide(entry.state, input, { now: this.#now(), actor: by.actor });
  }

  #decide(entry: Entry, input: Command | Fact, by: By): Decision & { events: readonly Event[] } {
    const decision = this.#ask(entry, input, by);
    if (decision.refused) throw decision.refused;
    return decision;
  }

  #dated(by: By): (event: Event) => NewEvent {
    const at = this.#now();
    return ({ type, ...data }) => ({ at, actor: by.actor, reason: by.reason, type, data });
  }

  #fold(entry: Entry, stored: readonly StoredEvent[]): void {
    entry.state = fold(entry.state, stored);
    entry.version = stored.at(-1)?.version ?? entry.version;
  }

  #tell(entry: Entry, stored: readonly StoredEvent[]): void {
    for (const listener of this.#listeners) listener(entry.state, stored);
    if (entry.version - entry.snapshotAt < eventsPerSnapshot) return;
    // Only shortens the next start: when it cannot be written, the events are read instead.
    void this.#saveSnapshot(entry).catch(() => undefined);
  }

  async #saveSnapshot(entry: Entry): Promise<void> {
    const { version, state } = entry;
    if (version === entry.snapshotAt) return;
    entry.snapshotAt = version;
    await this.#store.saveSnapshot(state.app, { version, shape: stateShape, state });
  }

  #entry(app: string): Entry {
    const known = this.#entries.get(app);
    if (known !== undefined) return known;
    const entry: Entry = { state: nothing(app), version: 0, snapshotAt: 0, queue: Promise.resolve() };
    this.#entries.set(app, entry);
    return entry;
  }

  async #read(app: string): Promise<Entry> {
    const snapshot = await this.#store.snapshot(app);
    if (snapshot !== null && snapshot.shape > stateShape) throw newer(app);
    const base = snapshot === null ? nothing(app) : upcastState(snapshot.state as AppState);
    const version = snapshot?.version ?? 0;
    const events = await this.#store.read(app, version);
    const state = fold(base, events);
    return {
      state,
      version: events.at(-1)?.version ?? version,
      snapshotAt: version,
      queue: Promise.resolve(),
    };
  }
}

function fold(state: AppState, stored: readonly StoredEvent[]): AppState {
  try {
    return stored.reduce((folded, { type, data, at, actor }) => {
      return evolve(folded, upcast({ type, ...(data as object) } as Event), { at, actor });
    }, state);
  } catch (cause) {
    throw new TealError(
      'store-unreadable',
      `the events of ${state.app} do not follow from each other: ${String(cause)}`,
      {
        remedy: 'run the version of Teal that wrote them, or restore a backup of the data directory',
        cause,
      },
    );
  }
}

const newer = (app: string): TealError =>
  new TealError('store-unreadable', `the state of ${app} was written by a newer version of Teal`, {
    remedy: 'run that version, or restore a backup of the data directory',
    details: { app },
  });
