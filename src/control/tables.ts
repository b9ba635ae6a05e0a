import type { Instance } from '../platform/platform.ts';
import type { AppState } from '../release/state.ts';
import type { AppTable } from '../router/table.ts';
import type { Built } from './routes.ts';
import { appTable, type Facts } from './table.ts';

export interface TablesOptions {
  /** What is known at the moment. */
  readonly look: () => Facts;
  /** Told once for each state of an app whose part cannot be made. */
  readonly failed: (app: string, error: unknown) => void;
}

/** An app's part, and all that it is made of. */
interface Part {
  /** Of the app itself, and of those that belong with it. */
  readonly states: readonly AppState[];
  readonly instances: readonly Instance[];
  /** Null: it has none. */
  readonly table: AppTable | null;
  /** It could not be made. */
  readonly failed: boolean;
}

type From = Pick<Part, 'states' | 'instances'>;

const noInstances: readonly Instance[] = [];

/**
 * The parts of the routing table, one for each app. A part is made anew only when something that it is made of has changed, and is the same
 * object until then: a change of one app costs as much as that app, however many others there are. One that cannot be made stays as it was,
 * with those that are released with it, and nobody else waits for that.
 */
export class Tables {
  readonly #options: TablesOptions;
  #parts: ReadonlyMap<string, Part> = new Map();
  /** Of apps whose newest part could not be made: what they have instead. */
  #given: ReadonlyMap<string, AppTable | null> = new Map();

  constructor(options: TablesOptions) {
    this.#options = options;
  }

  build(): Built {
    const facts = this.#options.look();
    const there = facts.instances.filter(({ id }) => !facts.released.has(id));
    const instances = Map.groupBy(there, ({ app }) => app);
    const together = groupsOf(facts.states);
    const parts = new Map<string, Part>();
    for (const state of facts.states) {
      const { app } = state;
      const from = { states: relatedTo(state, together), instances: instances.get(app) ?? noInstances };
      const before = this.#parts.get(app);
      parts.set(app, before !== undefined && same(before, from) ? before : this.#make(state, from, facts));
    }
    this.#parts = parts;
    return this.#give(parts);
  }

  #give(parts: ReadonlyMap<string, Part>): Built {
    const stale = new Set<string>();
    const given = new Map<string, AppTable | null>();
    for (const [app, { table, states }] of parts) {
      const isStale = states.some((each) => parts.get(each.app)?.failed === true);
      if (isStale) stale.add(app);
      given.set(app, isStale ? (this.#given.get(app) ?? null) : table);
    }
    this.#given = given;
    return { apps: [...given.values()].filter((table) => table !== null), stale };
  }

  #make(state: AppState, from: From, facts: Facts): Part {
    const { app, config, removing } = state;
    if (config === null || removing) return { ...from, table: null, failed: false };
    try {
      return { ...from, table: appTable(state, config, { ...facts, ...from }), failed: false };
    } catch (error) {
      this.#options.failed(app, error);
      return { ...from, table: null, failed: true };
    }
  }
}

/** By group: the apps that are in it now, and those whose release is of it. */
function groupsOf(states: readonly AppState[]): ReadonlyMap<string, readonly AppState[]> {
  const groups = new Map<string, AppState[]>();
  for (const state of states) {
    for (const name of new Set([state.config?.group, state.release?.group?.name])) {
      if (name === undefined) continue;
      const members = groups.get(name) ?? [];
      members.push(state);
      groups.set(name, members);
    }
  }
  return groups;
}

function relatedTo(state: AppState, together: ReadonlyMap<string, readonly AppState[]>): readonly AppState[] {
  const group = state.config?.group;
  const members = group === undefined ? undefined : together.get(group);
  return members === undefined ? [state] : members;
}

function same(before: Part, now: From): boolean {
  return alike(before.states, now.states, Object.is) && alike(before.instances, now.instances, sameInstance);
}

function alike<Item>(
  one: readonly Item[],
  two: readonly Item[],
  equal: (one: Item, two: Item) => boolean,
): boolean {
  return one.length === two.length && one.every((item, index) => equal(item, two[index] as Item));
}

/** In what a table says of it. */
const sameInstance = (one: Instance, two: Instance): boolean =>
  one === two ||
  (one.id === two.id &&
    one.state === two.state &&
    one.everHealthy === two.everHealthy &&
    one.version === two.version &&
    one.colour === two.colour &&
    one.role === two.role &&
    one.address?.host === two.address?.host &&
    one.address?.port === two.address?.port);
