import { TealError } from '../errors.ts';
import type { Command, Fact } from '../release/input.ts';
import { decide } from '../release/decide.ts';
import type { Event } from '../release/events.ts';
import type { Decided } from '../release/decision.ts';
import { decideTogether, type GroupDecision } from '../release/group-orders.ts';
import { nothing, stateShape, type AppState } from '../release/state.ts';
import { upcastState } from '../release/upcast.ts';
import type { NewEvent, Store, StoredEvent } from '../store/store.ts';
import { refuseStale } from './board/stamp.ts';
import { checkSnapshot, fold } from './fold.ts';

/** Who asks, and why. */
export interface By {
  readonly actor: string;
  readonly reason: string | null;
  /** The request that asked, when it is to be done once: what follows from it says so. */
  readonly request?: string;
  /** What they have seen the app come to: when it has gone on since, nothing is done. */
  readonly seen?: string;
}

export const teal: By = { actor: 'teal', reason: null };

export type Listener = (state: AppState, events: readonly StoredEvent[]) => void;

/** A start reads at most this many events of an app beyond its snapshot. */
const eventsPerSnapshot = 200;

interface Entry {
  state: AppState;
  version: number;
  snapshotAt: number;
  /** A write has failed, which may be on disk all the same: the log is read again before anything else is decided. */
  inDoubt: boolean;
  /** Inputs of one app are decided one after the other; apps never wait for each other. */
  queue: Promise<unknown>;
}

interface Asked {
  readonly app: string;
  readonly input: Command;
}

interface Turn {
  readonly app: string;
  readonly entry: Entry;
}

type Deciding = (
  states: readonly AppState[],
  asked: { readonly now: number; readonly actor: string },
) => GroupDecision;

/**
 * The apps and all that happened to them. `submit` is the only way in which anything changes:
 * decide → one store transaction → evolve → listeners.
 */
export class Apps {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<Listener>();
  readonly #failed: (app: string, error: unknown) => void;

  private constructor(store: Store, now: () => number, failed: (app: string, error: unknown) => void) {
    this.#store = store;
    this.#now = now;
    this.#failed = failed;
  }

  /**
   * Folds what is stored.
   * @param failed told of a listener that throws: what it should have heard has happened all the same, and the others hear of it
   * @throws TealError `store-unreadable` when events do not make sense to this Teal
   */
  static async load(
    store: Store,
    now: () => number,
    failed: (app: string, error: unknown) => void = () => undefined,
  ): Promise<Apps> {
    const apps = new Apps(store, now, failed);
    // A stream that no app can be called after is somebody else's: who may come in, and what they did.
    const names = (await store.streams()).filter((stream) => !stream.startsWith('@'));
    for (const name of names) apps.#entries.set(name, await apps.#read(name));
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
  async submit(app: string, input: Command | Fact, by: By): Promise<Decided> {
    const decided = await this.decide(
      () => this.companions(app),
      (states, asked) => {
        refuseStale(this.state(app), input, by.seen);
        return decideTogether(states, { app, input }, asked);
      },
      by,
    );
    return decided.get(app) ?? { events: [] };
  }

  /** Several apps' configurations in one transaction: all of them are applied, or none. */
  async applyAll(inputs: readonly Asked[], by: By): Promise<void> {
    await this.#together(
      inputs.map(({ app }) => app),
      async (turns) => {
        const now = this.#now();
        const decisions = inputs.map(({ app, input }): [string, Decided] => {
          const decision = decide(this.state(app), input, { now, actor: by.actor });
          if (decision.refused) throw decision.refused;
          return [app, decision];
        });
        await this.#keep(turns, new Map(decisions), { by, now });
      },
    );
  }

  /**
   * Decides about several apps at once, and stores all of it in one transaction. Every state is the new one before anybody is
   * told of any, so that the next table is made of all of them.
   * @param who asked again when it is their turn: whom it concerns may have changed meanwhile
   */
  async decide(who: () => readonly string[], how: Deciding, by: By): Promise<ReadonlyMap<string, Decided>> {
    for (;;) {
      const names = who();
      const decisions = await this.#together(names, async (turns) => {
        if (who().some((name) => !names.includes(name))) return null;
        const now = this.#now();
        const answer = how(
          turns.map(({ entry }) => entry.state),
          { now, actor: by.actor },
        );
        if (answer.refused) throw answer.refused;
        try {
          await this.#keep(turns, answer.decisions, { by, now });
        } catch (error) {
          // What somebody else has written meanwhile may change the answer; nothing of this one is stored.
          if (isConflict(error) && (await this.#catchUp(turns))) return null;
          throw error;
        }
        return answer.decisions;
      });
      if (decisions !== null) return decisions;
    }
  }

  /** The app, and those that are released with it: by teal.yaml, by the release that runs, or by the one that waits. */
  companions(app: string): readonly string[] {
    const { config, release, queued } = this.state(app);
    const group = config?.group;
    const members = group === undefined ? [] : this.members(group);
    return [...new Set([app, ...members, ...(release?.group?.apps ?? []), ...(queued?.group?.apps ?? [])])];
  }

  /** The apps of a group, as last applied. */
  members(group: string): readonly string[] {
    return this.names().filter((name) => this.state(name).config?.group === group);
  }

  /** Keeps the state of every app, so that the events before it may be pruned. */
  async saveSnapshots(): Promise<void> {
    for (const entry of this.#entries.values()) await this.#saveSnapshot(entry);
  }

  /** One turn for several apps: it begins when each has done with what it was asked before. */
  async #together<T>(names: readonly string[], work: (turns: readonly Turn[]) => Promise<T>): Promise<T> {
    const turns = names.map((app) => ({ app, entry: this.#entry(app) }));
    const turn = Promise.all(turns.map(({ entry }) => entry.queue)).then(async () => {
      await this.#catchUp(turns);
      try {
        return await work(turns);
      } catch (error) {
        // What is on disk is worked at, whatever its writer was told; when it cannot be read now, the next turn tries again.
        await this.#catchUp(turns).catch(() => undefined);
        throw error;
      }
    });
    for (const { entry } of turns) entry.queue = turn.catch(() => undefined);
    return await turn;
  }

  async #keep(
    turns: readonly Turn[],
    decisions: ReadonlyMap<string, Decided>,
    { by, now }: { readonly by: By; readonly now: number },
  ): Promise<void> {
    const dated = ({ type, ...data }: Event): NewEvent => ({
      at: now,
      actor: by.actor,
      reason: by.reason,
      type,
      data: by.request === undefined ? data : { ...data, request: by.request },
    });
    const changed = turns
      .map(({ app, entry }) => ({ app, entry, events: decisions.get(app)?.events ?? [] }))
      .filter(({ events }) => events.length > 0);
    if (changed.length === 0) return;
    for (const { entry } of changed) entry.inDoubt = true;
    const stored = await this.#store.appendAll(
      changed.map(({ app, entry, events }) => ({
        stream: app,
        expected: entry.version,
        events: events.map(dated),
        // Another app may come by its name.
        ...(events.some(({ type }) => type === 'removed') ? { forget: true as const } : {}),
      })),
    );
    for (const { entry } of changed) entry.inDoubt = false;
    const advanced = changed.map(({ entry }, index) => ({ entry, stored: stored[index] ?? [] }));
    for (const each of advanced) this.#fold(each.entry, each.stored);
    for (const each of advanced) this.#tell(each.entry, each.stored);
  }

  /** Reads what the log has beyond what is known, of those of which that is in doubt. Whether there was something. */
  async #catchUp(turns: readonly Turn[]): Promise<boolean> {
    const doubted = turns.filter(({ entry }) => entry.inDoubt);
    const read = await Promise.all(
      doubted.map(async ({ app, entry }) => ({ entry, stored: await this.#store.read(app, entry.version) })),
    );
    for (const { entry, stored } of read) {
      entry.inDoubt = false;
      this.#fold(entry, stored);
    }
    const news = read.filter(({ stored }) => stored.length > 0);
    for (const { entry, stored } of news) this.#tell(entry, stored);
    return news.length > 0;
  }

  #fold(entry: Entry, stored: readonly StoredEvent[]): void {
    entry.state = fold(entry.state, stored);
    entry.version = stored.at(-1)?.version ?? entry.version;
  }

  #tell(entry: Entry, stored: readonly StoredEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(entry.state, stored);
      } catch (error) {
        this.#failed(entry.state.app, error);
      }
    }
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
    const entry: Entry = { ...fresh(), state: nothing(app), version: 0, snapshotAt: 0 };
    this.#entries.set(app, entry);
    return entry;
  }

  async #read(app: string): Promise<Entry> {
    const snapshot = await this.#store.snapshot(app);
    if (snapshot !== null) checkSnapshot(app, snapshot);
    const base = snapshot === null ? nothing(app) : upcastState(snapshot.state as AppState);
    const version = snapshot?.version ?? 0;
    const events = await this.#store.read(app, version);
    const state = fold(base, events);
    return {
      state,
      version: events.at(-1)?.version ?? version,
      snapshotAt: version,
      ...fresh(),
    };
  }
}

const fresh = (): Pick<Entry, 'inDoubt' | 'queue'> => ({ inDoubt: false, queue: Promise.resolve() });

const isConflict = (error: unknown): boolean => error instanceof TealError && error.code === 'store-conflict';
