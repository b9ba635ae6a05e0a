import type { App } from '../../src/config/config.ts';
import { TealError } from '../../src/errors.ts';
import { evolve } from '../../src/release/evolve.ts';
import { decideTogether, deployTogether, type GroupDecision } from '../../src/release/group-orders.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import type { AppState, BuildMigration, Colour } from '../../src/release/state.ts';
import { nothing, other } from '../../src/release/state.ts';
import type { Verdict } from '../../src/release/verdict.ts';
import { phaseNow, runs } from '../../src/release/migrate.ts';
import { app as plainApp, build, stored, verdict } from './story.ts';

const past = { slow: { q95: 20, q99: 80 }, scale: [] };
const report = { finished: 0, cut: 0, seconds: 0 };

/** A group of apps told as a story: inputs in order, with a clock that only moves when it is told to. */
export class Ensemble {
  readonly name: string;
  readonly states = new Map<string, AppState>();
  now = 1_000_000;
  actor = 'user:anna';
  /** By app: the types of all events, in order. */
  readonly told: string[] = [];
  readonly #migrations = new Map<string, BuildMigration>();

  /** @param spec `judged` of story.ts: what they expose is compared with live */
  constructor(
    policies: Readonly<Record<string, Partial<App['release']>>>,
    { name = 'shop', spec = plainApp }: { readonly name?: string; readonly spec?: typeof plainApp } = {},
  ) {
    this.name = name;
    for (const [app, policy] of Object.entries(policies)) {
      this.states.set(app, nothing(app));
      this.does(app, { type: 'apply', config: { ...spec(policy), name: app, group: name } });
    }
  }

  get all(): readonly AppState[] {
    return [...this.states.values()];
  }

  of(app: string): AppState {
    const state = this.states.get(app);
    if (state === undefined) throw new Error(`no app ${app}`);
    return state;
  }

  /** Statuses of the releases, in the order of the apps. */
  get statuses(): string {
    return this.all.map(({ release }) => release?.status ?? 'none').join(' ');
  }

  get cursors(): readonly (number | undefined)[] {
    return this.all.map(({ release }) => release?.cursor);
  }

  get live(): string {
    return this.all.map(({ lives }) => lives.at(-1)?.version ?? '-').join(' ');
  }

  takes(answer: GroupDecision): readonly string[] {
    if (answer.refused) throw answer.refused;
    const told: string[] = [];
    for (const [app, { events }] of answer.decisions) {
      let state = this.of(app);
      for (const event of events) state = evolve(state, event, { at: this.now, actor: this.actor });
      this.states.set(app, state);
      told.push(...events.map(({ type }) => `${app}: ${type}`));
    }
    this.told.push(...told);
    return told;
  }

  asks(app: string, input: Command | Fact): GroupDecision {
    return decideTogether(this.all, { app, input }, { now: this.now, actor: this.actor });
  }

  does(app: string, input: Command | Fact): readonly string[] {
    return this.takes(this.asks(app, input));
  }

  deploys(
    versions: Readonly<Record<string, string>>,
    onConflict: 'refuse' | 'queue' | 'supersede' = 'refuse',
  ): readonly string[] {
    return this.takes(this.asksToDeploy(versions, onConflict));
  }

  asksToDeploy(
    versions: Readonly<Record<string, string>>,
    onConflict: 'refuse' | 'queue' | 'supersede' = 'refuse',
  ): GroupDecision {
    const builds = new Map(
      Object.entries(versions).map(([app, version]) => {
        const { config } = this.of(app);
        if (config === null) throw new Error(`no config of ${app}`);
        const migration = this.#migrations.get(app);
        const made = build(version, config);
        return [app, migration === undefined ? made : { ...made, migration }] as const;
      }),
    );
    const what = { name: this.name, states: this.all, builds, promote: null, onConflict };
    return deployTogether(what, { now: this.now, actor: this.actor });
  }

  /** What is deployed of this app from now on has this migration. */
  brings(app: string, migration: BuildMigration): void {
    this.#migrations.set(app, migration);
    const { config } = this.of(app);
    if (config !== null)
      this.does(app, { type: 'apply', config: { ...config, database: stored().database! } });
  }

  phaseFails(app: string): readonly string[] {
    const phase = phaseFactOf(this.of(app));
    if (phase === null) throw new Error(`${app} has no phase`);
    const error = new TealError('migration-failed', 'the server is away', { remedy: 'start it' }).toJSON();
    const { migration, round } = phase;
    return this.does(app, { type: 'phase-failed', migration, round, phase: phase.phase, error });
  }

  later(ms: number): readonly string[] {
    this.now += ms;
    return [...this.states.keys()].flatMap((app) => this.does(app, { type: 'tick' }));
  }

  /** One thing that the app's own effects would find out now; false when they wait for something else. */
  works(app: string): boolean {
    const fact = factOf(this.of(app));
    return fact !== null && this.does(app, fact).length > 0;
  }

  /** Until nobody has anything to do but wait for time or people. */
  worksOn(apps: readonly string[] = [...this.states.keys()]): void {
    for (let round = 0; round < 200; round++) if (!apps.map((app) => this.works(app)).includes(true)) return;
    throw new Error(`no rest: ${this.told.slice(-20).join(', ')}`);
  }

  /** What the judge says of the step under the cursor of one of them. */
  judges(app: string, action: Verdict['action']): readonly string[] {
    const { id, cursor } = this.of(app).release ?? { id: '', cursor: 0 };
    return this.does(app, { type: 'verdict', release: id, cursor, verdict: verdict(action) });
  }

  fails(app: string, message = 'it crashed'): readonly string[] {
    const { release, environments } = this.of(app);
    const colour = release?.colour ?? 'blue';
    const version = environments[colour]?.version ?? '';
    const error = new TealError('crash-loop', message, { remedy: 'look' }).toJSON();
    return this.does(app, { type: 'environment-failed', colour, version, error });
  }
}

/** What the effects of a state would tell, one at a time. */
function factOf(state: AppState): Fact | null {
  const { release, environments } = state;
  for (const colour of ['blue', 'green'] as const)
    if (environments[colour]?.phase === 'stopping')
      return { type: 'environment-stopped', colour, drain: report };
  if (release === null) return null;
  return phaseFactOf(state) ?? factOfRelease(state, release, release.colour);
}

function phaseFactOf(state: AppState): (Fact & { type: 'phase-passed' }) | null {
  const phase = state.migration === null || !runs(state) ? null : phaseNow(state.migration);
  if (state.migration === null || phase === null) return null;
  const { name: migration, round } = state.migration;
  return { type: 'phase-passed', migration, round, phase, steps: 1, ran: 1, ms: 1 };
}

function factOfRelease(
  { environments, live }: AppState,
  release: NonNullable<AppState['release']>,
  colour: Colour,
): Fact | null {
  const { id, status, cursor, drain } = release;
  const step = release.steps[cursor];
  const candidate = environments[colour];
  const ready = (): Fact | null =>
    candidate === null || release.ready
      ? null
      : { type: 'environment-ready', colour, version: candidate.version, size: candidate.size, past };
  switch (status) {
    case 'starting':
    case 'scaling':
      return ready();
    case 'stepping':
      if (step?.kind === 'test') return { type: 'test-passed', release: id, cursor, output: 'fine' };
      if (step?.kind !== 'expose' && step?.kind !== 'mirror') return null;
      if (release.expose === null) return ready();
      return release.expose.at === null
        ? { type: 'exposure-acknowledged', release: id, cursor, generation: 1 }
        : null;
    case 'switching':
    case 'reverting':
      return live === null ? null : { type: 'table-acknowledged', release: id, live, generation: 1 };
    case 'promoted':
      return drain === null && environments[other(colour)] !== null
        ? { type: 'drained', release: id, colour: other(colour), drain: report }
        : null;
    case 'aborting':
    case 'reverted':
      return drain === null && candidate?.phase === 'running'
        ? { type: 'drained', release: id, colour, drain: report }
        : null;
    default:
      return null;
  }
}
