import type { App, Role } from '../../src/config/config.ts';
import { phases as allPhases, type DatabasePolicy, type Phase } from '../../src/config/database.ts';
import { TealError } from '../../src/errors.ts';
import { decide } from '../../src/release/decide.ts';
import type { Event } from '../../src/release/events.ts';
import { evolve } from '../../src/release/evolve.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import type { AppState, Build, ProofSummary } from '../../src/release/state.ts';
import { nothing } from '../../src/release/state.ts';
import { phaseNow, runs } from '../../src/release/migrate.ts';
import type { Verdict } from '../../src/release/verdict.ts';

const web: Role = {
  name: 'web',
  kind: 'web',
  runsIn: 'both',
  command: ['node', 'server.js'],
  directory: '/srv/{version}',
  environment: {},
  instances: 2,
  stop: { signal: 'SIGTERM', deadlineMs: 1000 },
  limits: { memoryBytes: null, cpus: null, openFiles: null, processes: null },
  hosts: [],
  paths: ['/'],
  health: { path: '/', status: [[200, 299]], intervalMs: 1000, timeoutMs: 1000, deadlineMs: 1000, fall: 3 },
};

/** A typed app for tests; `more` overrides its release policy. */
export function app(more: Partial<App['release']> = {}, roles: Partial<Role>[] = [{}]): App {
  return {
    name: 'shop',
    hosts: [],
    paths: ['/'],
    roles: roles.map((role) => ({ ...web, ...role })),
    identity: { sources: [], anonymous: 'keep', cookieDomain: null, jwt: null },
    audiences: {},
    release: {
      strategy: 'blue-green',
      tests: [],
      steps: [],
      windows: { open: [], holidays: [] },
      cohort: 'fresh',
      promote: { kind: 'auto', afterMs: 0 },
      previewInstances: 'all',
      deadlineMs: 600_000,
      rollbackWindowMs: 3_600_000,
      ...more,
    },
    drain: { streams: 'drain', deadlineMs: 1000 },
    upstream: {
      connectTimeoutMs: 1,
      responseTimeoutMs: 1,
      idleTimeoutMs: 1,
      keepAliveMs: 1,
      maxBodyBytes: null,
      protocol: 'http1',
    },
    preview: { expiresMs: 1000 },
    keep: 5,
  };
}

export const build = (version: string, spec: App = app()): Build => ({ version, directory: null, spec });

/** As teal.yaml makes it, but for what a test is about. */
export const databasePolicy = (more: Partial<DatabasePolicy> = {}): DatabasePolicy => ({
  url: { kind: 'plain', value: 'postgres://db.example/shop' },
  migrations: 'db',
  run: {},
  roles: null,
  contract: 'auto',
  undo: 'manual',
  rollback: 'safe',
  lockTimeoutMs: 200,
  lockDeadlineMs: 600_000,
  batchMs: 100,
  pauseAt: { errorPercent: null, p99Ms: null },
  proof: null,
  ...more,
});

/** An app with a database; `more` overrides what releases do with it. */
export const stored = (more: Partial<DatabasePolicy> = {}, release: Partial<App['release']> = {}): App => ({
  ...app(release),
  database: databasePolicy(more),
});

/** Nothing speaks against it. */
export const green: ProofSummary = {
  outcome: 'green',
  says: 'all 12 statements of v1 work on it',
  statements: 12,
  coverage: 1,
  broken: 0,
  risk: 0,
  clientVisible: 0,
  unproven: 0,
  findings: [],
  unsafe: null,
};

/** A version whose newest migration is this one. */
export const migrating = (
  version: string,
  name: string,
  { spec = stored(), phases = allPhases }: { readonly spec?: App; readonly phases?: readonly Phase[] } = {},
): Build => ({ ...build(version, spec), migration: { name, phases } });

/** One that is judged. */
export const judged = (more: Partial<App['release']> = {}, roles: Partial<Role>[] = [{}]): App => ({
  ...app(more, roles),
  judge: { tickMs: 10_000, alpha: 0.01, beta: 0.05, limits: {}, metrics: [] },
});

/** What a judge could say. */
export const verdict = (action: Verdict['action'], more: Partial<Verdict> = {}): Verdict => ({
  action,
  because: 'comparison',
  subject: null,
  sentence: `11 of 214 people on green hit an error; ${action}`,
  guarantee: 'randomised',
  log: 5,
  seq: 3,
  seconds: 40,
  people: { candidate: 214, live: 4100 },
  metrics: [],
  needed: null,
  ...more,
});

/** One app told as a story: inputs in order, with a clock that only moves when it is told to. */
export class Story {
  state: AppState = nothing('shop');
  now = 1_000_000;
  actor = 'user:anna';
  readonly events: Event[] = [];

  constructor(spec: App = app()) {
    this.does({ type: 'apply', config: spec });
  }

  /** Gives the input; throws the refusal if there is one. Returns the types of the events it made. */
  does(input: Command | Fact): string[] {
    const decision = decide(this.state, input, { now: this.now, actor: this.actor });
    if (decision.refused) throw decision.refused;
    for (const event of decision.events)
      this.state = evolve(this.state, event, { at: this.now, actor: this.actor });
    this.events.push(...decision.events);
    return decision.events.map((event) => event.type);
  }

  /** What would be said of it, where it is not refused. */
  says(input: Command | Fact): string {
    const decision = decide(this.state, input, { now: this.now, actor: this.actor });
    if (decision.refused) throw decision.refused;
    return decision.note ?? decision.harm ?? '';
  }

  refuses(input: Command | Fact): TealError {
    const decision = decide(this.state, input, { now: this.now, actor: this.actor });
    if (!decision.refused)
      throw new Error(`not refused: ${decision.events.map((event) => event.type).join(', ')}`);
    return decision.refused;
  }

  later(ms: number): string[] {
    this.now += ms;
    return this.does({ type: 'tick' });
  }

  get status(): string | undefined {
    return this.state.release?.status;
  }

  deploys(version: string, spec: App = app()): string[] {
    return this.does({ type: 'deploy', build: build(version, spec), promote: null });
  }

  /** The candidate reports itself healthy at the size the state asks for. */
  isReady(): string[] {
    const colour = this.state.release!.colour;
    const { version, size } = this.state.environments[colour]!;
    return this.does({ type: 'environment-ready', colour, version, size, past });
  }

  /** What the judge says of the step under the cursor. */
  judge(action: Verdict['action'], more: Partial<Verdict> = {}): string[] {
    const { id, cursor } = this.state.release!;
    return this.does({ type: 'verdict', release: id, cursor, verdict: verdict(action, more) });
  }

  fails(message = 'it crashed'): string[] {
    const colour = this.state.release!.colour;
    const error = new TealError('crash-loop', message, { remedy: 'look at the log' }).toJSON();
    return this.does({
      type: 'environment-failed',
      colour,
      version: this.state.environments[colour]!.version,
      error,
    });
  }

  tests(outcome: 'pass' | 'fail'): string[] {
    const { id, cursor } = this.state.release!;
    if (outcome === 'pass') return this.does({ type: 'test-passed', release: id, cursor, output: 'fine' });
    const error = new TealError('test-failed', 'smoke failed', { remedy: 'read its output' }).toJSON();
    return this.does({ type: 'test-failed', release: id, cursor, error });
  }

  routersHaveIt(): string[] {
    return this.does({
      type: 'table-acknowledged',
      release: this.state.release!.id,
      live: this.state.live!,
      generation: 1,
    });
  }

  isDrained(): string[] {
    const { id, colour } = this.state.release!;
    return this.does({
      type: 'drained',
      release: id,
      colour: colour === 'blue' ? 'green' : 'blue',
      drain: report,
    });
  }

  hasStopped(): string[] {
    const colour = (['blue', 'green'] as const).find(
      (each) => this.state.environments[each]?.phase === 'stopping',
    )!;
    return this.does({ type: 'environment-stopped', colour, drain: report });
  }

  deploysBuild(wanted: Build, more: Partial<Command & { type: 'deploy' }> = {}): string[] {
    return this.does({ type: 'deploy', build: wanted, promote: null, ...more });
  }

  get stage(): string | undefined {
    return this.state.migration?.stage;
  }

  /** The phase that the state asks for is done. */
  phasePasses(): string[] {
    const { name: migration, round } = this.state.migration!;
    const phase = phaseNow(this.state.migration!)!;
    if (!runs(this.state)) throw new Error(`${phase} is not asked for`);
    return this.does({ type: 'phase-passed', migration, round, phase, steps: 2, ran: 2, ms: 5 });
  }

  phaseFails(message = 'the server is away'): string[] {
    const { name: migration, round } = this.state.migration!;
    const phase = phaseNow(this.state.migration!)!;
    if (!runs(this.state)) throw new Error(`${phase} is not asked for`);
    const error = new TealError('migration-failed', message, { remedy: 'start it' }).toJSON();
    return this.does({ type: 'phase-failed', migration, round, phase, error });
  }

  /** It is refused before anything of it has run. */
  refusesPhase(): string[] {
    const { name: migration, round } = this.state.migration!;
    const phase = phaseNow(this.state.migration!)!;
    if (!runs(this.state)) throw new Error(`${phase} is not asked for`);
    const error = new TealError('migration-unproven', 'it breaks v1', { remedy: 'mend it' }).toJSON();
    return this.does({ type: 'phase-failed', migration, round, phase, error, nothing: true });
  }

  /** A whole release of a version with a migration, from deploy to live. */
  migratesLive(wanted: Build): void {
    this.deploysBuild(wanted);
    if (this.status === 'clearing') this.hasStopped();
    while (this.status === 'migrating') this.phasePasses();
    this.isReady();
    this.isReady();
    this.routersHaveIt();
  }

  /** The old version is drained, its window closes, and it stops. */
  windowCloses(): void {
    this.isDrained();
    this.later(this.state.release!.build.spec.release.rollbackWindowMs);
    this.hasStopped();
  }

  /** A whole release, from deploy to live. */
  goesLive(version: string, spec: App = app()): void {
    this.deploys(version, spec);
    if (this.status === 'clearing') this.hasStopped();
    this.isReady();
    this.isReady();
    this.routersHaveIt();
  }
}

const report = { finished: 3, cut: 0, seconds: 0.5 };

/** The marks that a router knows of an app that has been live. */
const past = { slow: { q95: 20, q99: 80 }, scale: [] };
