import type { Role } from '../config/config.ts';
import type { DatabasePolicy, Phase } from '../config/database.ts';
import { judging } from './judging.ts';
import { phaseNow, policyOf, runs } from './migrate.ts';
import type { AppState, Colour, Environment, Migration, Release, Step } from './state.ts';
import { colours, drainsNow, other } from './state.ts';
import { wakeAt } from './timers.ts';
import { transitions } from './transitions.ts';

/**
 * What has to be worked at in a state: wishes, not orders. They are a function of the state alone, so after a crash
 * the same wishes come out again, and working at one twice does no harm (invariant 6). The `key` names a wish: one that
 * is being worked at is left alone while its key stays, and given up when it goes.
 */
export type Effect =
  /** Keep these roles of the environment running; then `environment-ready` or `environment-failed`. */
  | ({ readonly kind: 'run' } & Running)
  /** Roles that run in the live environment only: stopped in the other one first, then started here. */
  | ({ readonly kind: 'hand-over' } & Running)
  /** Drain and stop everything of the environment; then `environment-stopped`. */
  | {
      readonly kind: 'retire';
      readonly key: string;
      readonly colour: Colour;
      readonly environment: Environment;
    }
  /** Get the table with this `live` to every router; then `table-acknowledged`. */
  | { readonly kind: 'route'; readonly key: string; readonly release: string; readonly live: Colour }
  /** Wait for the requests in the environment that traffic has left; then `drained`. */
  | { readonly kind: 'drain'; readonly key: string; readonly release: string; readonly colour: Colour }
  | {
      readonly kind: 'test';
      readonly key: string;
      readonly release: Release;
      readonly cursor: number;
      readonly step: Step & { kind: 'test' };
    }
  | {
      readonly kind: 'warm';
      readonly key: string;
      readonly release: Release;
      readonly cursor: number;
      readonly step: Step & { kind: 'warm' };
    }
  /** Get the table that sends this step's people, or copies, to the candidate to every router; then `exposure-acknowledged`. */
  | { readonly kind: 'expose'; readonly key: string; readonly release: string; readonly cursor: number }
  /** Compare the people on both sides again and again; then `verdict` after each look. */
  | { readonly kind: 'judge'; readonly key: string; readonly release: string }
  /** Run this phase of the migration, after what is to be proven before it; then `phase-passed` or `phase-failed`. */
  | {
      readonly kind: 'migrate';
      readonly key: string;
      readonly migration: Migration;
      readonly phase: Phase;
      readonly policy: DatabasePolicy;
    }
  /** Send a `tick` at this time. */
  | { readonly kind: 'wake'; readonly key: string; readonly at: number };

interface Running {
  readonly key: string;
  readonly colour: Colour;
  readonly environment: Environment;
  readonly counts: Counts;
  /** Instances started under a lower number are replaced. */
  readonly restart: number;
}

/** Instances by role. */
type Counts = Readonly<Record<string, number>>;

/** The most urgent first: nothing comes before the routers when everyone has to go back. */
export function effects(state: AppState): readonly Effect[] {
  return [
    ...releaseEffects(state),
    ...colours.flatMap((colour) => environmentEffects(state, colour)),
    ...handOver(state),
    ...judge(state),
    ...migrate(state),
    ...wake(state),
  ];
}

/** The same wish from the first people on to the last: whatever step they are at, one memory goes on. */
function judge(state: AppState): readonly Effect[] {
  const judged = judging(state);
  return judged === null ? [] : [{ kind: 'judge', key: `judge/${judged.release}`, release: judged.release }];
}

function migrate(state: AppState): readonly Effect[] {
  const { migration } = state;
  const policy = policyOf(state);
  const phase = migration === null ? null : phaseNow(migration);
  if (migration === null || policy === null || phase === null || !runs(state)) return [];
  const { name, round, release } = migration;
  return [{ kind: 'migrate', key: `migrate/${name}/${round}/${phase}/${release}`, migration, phase, policy }];
}

function environmentEffects(state: AppState, colour: Colour): readonly Effect[] {
  const environment = state.environments[colour];
  if (environment === null) return [];
  if (environment.phase === 'stopping') {
    return [
      {
        kind: 'retire',
        key: `retire/${colour}/${environment.version}/${state.releases}`,
        colour,
        environment,
      },
    ];
  }
  const counts = wanted(state, environment, (role) => role.runsIn === 'both');
  const key = keyOf(`run/${colour}`, environment, counts, state.restart);
  return [
    {
      kind: 'run',
      key: `${key}/${held(state, colour)}`,
      colour,
      environment,
      counts,
      restart: state.restart,
    },
  ];
}

/** A wish about the candidate is made anew in each state that waits for it, so that its fact is found out again. */
function held(state: AppState, colour: Colour): string {
  const release = state.release;
  if (release === null || release.colour !== colour) return '';
  const grows = release.status === 'stepping' && release.expose === null;
  if (release.status !== 'starting' && release.status !== 'scaling' && !grows) return '';
  const at = grows ? release.cursor : release.status;
  return `${release.id}/${at}/${release.stoppedAt ?? 'on'}`;
}

function handOver(state: AppState): readonly Effect[] {
  const environment = state.live === null ? null : state.environments[state.live];
  if (state.live === null || environment === null || environment.phase !== 'running') return [];
  const counts = wanted(state, environment, (role) => role.runsIn === 'live');
  const there = state.environments[other(state.live)]?.spec.roles ?? [];
  const any = [...environment.spec.roles, ...there].some((role) => role.runsIn === 'live');
  if (!any) return [];
  const key = keyOf(`hand-over/${state.live}`, environment, counts, state.restart);
  return [{ kind: 'hand-over', key, colour: state.live, environment, counts, restart: state.restart }];
}

function releaseEffects(state: AppState): readonly Effect[] {
  const release = state.release;
  if (release === null || state.removing) return [];
  return transitions[release.status].effects.flatMap((effect): readonly Effect[] => {
    switch (effect) {
      case 'step':
        return step(release);
      case 'route':
        return state.live === null
          ? []
          : [
              {
                kind: 'route',
                key: `route/${release.id}/${state.live}`,
                release: release.id,
                live: state.live,
              },
            ];
      case 'drain':
        return drain(state, release);
    }
  });
}

/** Of a candidate that was given up: what was begun there still ends there. */
function drain({ environments }: AppState, release: Release): readonly Effect[] {
  const gone = release.status !== 'promoted';
  const colour = drainsNow(release);
  const environment = environments[colour];
  if (release.drain !== null || environment === null || (gone && environment.phase !== 'running')) return [];
  return [{ kind: 'drain', key: `drain/${release.id}/${colour}`, release: release.id, colour }];
}

function step(release: Release): readonly Effect[] {
  const { cursor } = release;
  const current = release.steps[cursor];
  if (release.stoppedAt !== null) return [];
  switch (current?.kind) {
    case 'test':
      return [{ kind: 'test', key: `test/${release.id}/${cursor}`, release, cursor, step: current }];
    case 'warm':
      return [{ kind: 'warm', key: `warm/${release.id}/${cursor}`, release, cursor, step: current }];
    case 'expose':
    case 'mirror': {
      // Before that the candidate grows, which is a wish about its environment.
      if (release.expose === null || release.expose.at !== null) return [];
      return [{ kind: 'expose', key: `expose/${release.id}/${cursor}`, release: release.id, cursor }];
    }
    default:
      return [];
  }
}

function wake(state: AppState): readonly Effect[] {
  const at = wakeAt(state);
  return at === null ? [] : [{ kind: 'wake', key: `wake/${state.release?.id}/${at}`, at }];
}

function wanted(state: AppState, environment: Environment, of: (role: Role) => boolean): Counts {
  const roles = environment.spec.roles.filter(of);
  return Object.fromEntries(roles.map((role) => [role.name, instances(state, environment, role)]));
}

/** How many instances of a role an environment of this size has. */
export function instances(
  state: Pick<AppState, 'scale'>,
  environment: Pick<Environment, 'size' | 'spec'>,
  role: Role,
): number {
  const full = state.scale[role.name] ?? role.instances;
  const preview = environment.spec.release.previewInstances;
  if (environment.size === 'full' || preview === 'all' || role.kind !== 'web') return full;
  // A share of the people takes the same share of the instances: no instance ever serves more than one of live does.
  const share = environment.size === 'preview' ? 0 : Math.ceil((full * environment.size) / 100);
  return Math.min(full, Math.max(preview, share));
}

function keyOf(place: string, environment: Environment, counts: Counts, restart: number): string {
  const sizes = Object.entries(counts).map(([role, count]) => `${role}=${count}`);
  return [place, environment.version, ...sizes, restart].join('/');
}
