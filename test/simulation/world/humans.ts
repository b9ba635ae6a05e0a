import type { App } from '../../../src/config/config.ts';
import { judgeAsks } from '../../../src/release/judging.ts';
import type { AppState, Migration, Release } from '../../../src/release/state.ts';
import { transitions } from '../../../src/release/transitions.ts';
import { phaseNow } from '../../../src/release/migrate.ts';
import { qualities, type Quality } from './instances.ts';
import type { Order } from './orders.ts';
import type { World } from './world.ts';

const people = ['user:anna', 'user:ben', 'user:cleo'] as const;
/** What is deployed where nothing goes wrong but what tests are for. */
const decent: readonly Quality[] = ['good', 'good', 'good', 'good', 'slow', 'untested'];
const any: readonly Quality[] = [...decent, ...qualities];

export interface HumansOptions {
  /** Anybody may press anything at any time, and versions may be bad. */
  readonly wild: boolean;
  /** Then nobody deploys any more, and what waits for people gets its answer. */
  readonly until: number;
}

/** The people who deploy, look on, approve, and change their minds. */
export class Humans {
  readonly #world: World;
  readonly #options: HumansOptions;
  #versions = 0;
  /** By app: the number of the newest migration that was written. */
  readonly #newest = new Map<string, number>();

  constructor(world: World, options: HumansOptions) {
    this.#world = world;
    this.#options = options;
    this.#every(500, 3000, () => this.#operate());
    if (options.wild) this.#every(300, 6000, () => this.#press());
    if (world.apps.some(({ database }) => database != null))
      this.#every(1000, 9000, () => this.#contractOrUndo(), world.databases.random);
  }

  #every(least: number, most: number, work: () => void, random = this.#world.random): void {
    const { time } = this.#world;
    const turn = (): void => {
      work();
      time.after(random.spread(least, most), turn);
    };
    time.after(random.between(0, least), turn);
  }

  get #late(): boolean {
    return this.#world.time.now >= this.#options.until;
  }

  /** What a sensible person does. */
  #operate(): void {
    const { random, apps } = this.#world;
    const app = random.pick(apps);
    const state = this.#world.state(app.name);
    const order = this.#late ? this.#finish(app, state) : this.#sensible(app, state);
    if (order !== null) this.#give(order);
  }

  #sensible(app: App, state: AppState): Order | null {
    const { random } = this.#world;
    const { release } = state;
    if (state.config === null) return this.#options.wild ? applied(app) : null;
    if (state.removing) return null;
    if (state.frozen !== null && random.chance(0.5)) return { name: 'unfreeze', app: app.name, body: {} };
    if (release === null || transitions[release.status].ended) return this.#deploy(app);
    if (release.pausedAt !== null && random.chance(0.5)) return { name: 'resume', app: app.name, body: {} };
    const gate = gateOf(release);
    if (gate !== null) return { name: 'approve', app: app.name, body: { step: gate } };
    if (release.status === 'promoted' && random.chance(0.1))
      return { name: 'rollback', app: app.name, body: {} };
    if (release.status === 'stepping' && random.chance(0.04))
      return { name: 'abort', app: app.name, body: {} };
    return null;
  }

  /** So that each release comes to its end. */
  #finish(app: App, { frozen, release, removing, config }: AppState): Order | null {
    if (config === null || removing) return null;
    if (frozen !== null) return { name: 'unfreeze', app: app.name, body: {} };
    if (release === null || transitions[release.status].ended) return null;
    if (release.pausedAt !== null) return { name: 'resume', app: app.name, body: {} };
    const gate = gateOf(release);
    if (gate !== null) return { name: 'approve', app: app.name, body: { step: gate } };
    // Where the judge holds a step, only a person ends that.
    const held = release.verdict !== null && ['freeze', 'stop'].includes(release.verdict.action);
    return held ? { name: 'abort', app: app.name, body: {} } : null;
  }

  #deploy(app: App, onConflict?: 'queue' | 'supersede'): Order {
    const version = this.#version(app);
    const more = onConflict === undefined ? {} : { onConflict };
    if (app.group === undefined) return { name: 'deploy', app: app.name, body: { version, ...more } };
    return { name: 'deploy', app: app.name, group: app.group, body: { version, ...more } };
  }

  #version(app: App): string {
    const { random } = this.#world;
    const number = ++this.#versions;
    return `v${number}${this.#migration(app)}-${random.pick(this.#options.wild ? any : decent)}`;
  }

  /** Most versions have the newest migration that there is; some bring another, and some are of an older line. */
  #migration({ name: app, group }: App): string {
    const { apps, databases } = this.#world;
    const having = apps.filter((each) => each.name === app || (group !== undefined && each.group === group));
    if (having.every(({ database }) => database == null)) return '';
    const { random } = databases;
    const name = group ?? app;
    const newest = this.#newest.get(name) ?? 0;
    const next = newest === 0 || random.chance(0.4) ? newest + 1 : newest;
    this.#newest.set(name, next);
    const older = this.#options.wild && next > 1 && random.chance(0.15);
    return `.m${older ? next - 1 : next}${this.#options.wild && random.chance(0.15) ? 'x' : ''}`;
  }

  /** What people type about databases. */
  #contractOrUndo(): void {
    const { apps, databases } = this.#world;
    const app = databases.random.pick(apps);
    const { migration, config } = this.#world.state(app.name);
    if (app.database == null || migration === null || config === null) return;
    if (this.#late && this.#waits(app)) return this.#letOn(app, migration);
    const stuck = migration.failed === null ? null : phaseNow(migration);
    const wild =
      this.#options.wild && !this.#late ? databases.random.pick(['contract', 'undo'] as const) : null;
    const name = stuck === 'contract' || stuck === 'undo' ? stuck : wild;
    if (name !== null) this.#give({ name, app: app.name, body: {} });
  }

  /** A deploy waits for a migration that nothing ends by itself. */
  #waits({ name }: App): boolean {
    const { queued, release } = this.#world.state(name);
    return queued !== null && (release === null || (transitions[release.status].ended ?? false));
  }

  #letOn(app: App, { name }: Migration): void {
    const { random } = this.#world.databases;
    const version = `v${++this.#versions}.m${Number(name)}-good`;
    const group = app.group === undefined ? {} : { group: app.group };
    this.#give(
      random.pick<Order>([
        { name: 'contract', app: app.name, body: {} },
        { name: 'undo', app: app.name, body: {} },
        { name: 'deploy', app: app.name, ...group, body: { version } },
      ]),
    );
  }

  /** Anything that there is to press. */
  #press(): void {
    if (this.#late) return;
    const { random, apps } = this.#world;
    const app = random.pick(apps);
    const step = this.#world.state(app.name).release?.cursor ?? 0;
    const simple = (name: Order['name'], body: Order['body'] = {}): (() => Order) => {
      return () => ({ name, app: app.name, body });
    };
    const all: (() => Order)[] = [
      simple('rollback'),
      simple('rollback', { reason: 'it looks odd' }),
      simple('promote'),
      simple('promote', { full: true }),
      simple('abort'),
      simple('pause'),
      simple('resume'),
      simple('retry'),
      simple('restart'),
      simple('freeze', { reason: 'a holiday' }),
      simple('unfreeze'),
      simple('approve', { step }),
      simple('reject', { step, reason: 'not like this' }),
      simple('scale', { instances: random.between(1, 4) }),
      simple('maintenance', { on: random.chance(0.3), message: 'Back soon.' }),
      simple('rotate-keys'),
      simple('rollback-all'),
      () => this.#deploy(app),
      () => this.#deploy(app, 'queue'),
      () => this.#deploy(app, 'supersede'),
      () => applied(this.#edited(app)),
    ];
    const order = random.chance(0.02) ? simple('remove')() : random.pick(all)();
    this.#give(order, random.chance(0.3));
  }

  /** Another teal.yaml: what is deployed from now on follows it, and nothing that goes on already. */
  #edited(app: App): App {
    const { random } = this.#world;
    const source = random.pick(['uid', 'login'] as const);
    return {
      ...app,
      identity: { ...app.identity, sources: [{ kind: 'cookie', name: source }] },
      audiences: { ...app.audiences, some: { kind: 'percent', width: random.between(10_000, 60_000) } },
    };
  }

  #give(order: Order, toFormer = false): void {
    const { random } = this.#world;
    const by = { actor: random.pick(people), reason: order.body.reason ?? null };
    const to = toFormer && this.#world.former !== null ? this.#world.former : this.#world.control;
    void this.#world.order(order, by, to);
  }
}

const applied = (app: App): Order => ({ name: 'apply', app: app.name, body: {}, config: app });

/** The step that waits for a word; null when none does. */
function gateOf(release: Release): number | null {
  if (release.status !== 'stepping' || release.stoppedAt !== null) return null;
  const waits = release.steps[release.cursor]?.kind === 'approve' || judgeAsks(release);
  return waits ? release.cursor : null;
}
