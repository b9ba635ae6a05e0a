import type { Role } from '../config/config.ts';
import type { AppState, Colour, Environment, Release, Step } from './state.ts';
import { colours, other } from './state.ts';
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
    ...wake(state),
  ];
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
  if (release.status !== 'starting' && release.status !== 'scaling') return '';
  return `${release.id}/${release.status}/${release.pausedAt ?? 'on'}`;
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
      case 'drain': {
        const colour = other(release.colour);
        if (release.drain !== null || state.environments[colour] === null) return [];
        return [{ kind: 'drain', key: `drain/${release.id}/${colour}`, release: release.id, colour }];
      }
    }
  });
}

function step(release: Release): readonly Effect[] {
  const current = release.steps[release.cursor];
  if (current?.kind !== 'test' || release.pausedAt !== null) return [];
  return [
    {
      kind: 'test',
      key: `test/${release.id}/${release.cursor}`,
      release,
      cursor: release.cursor,
      step: current,
    },
  ];
}

function wake(state: AppState): readonly Effect[] {
  const at = wakeAt(state.release);
  return at === null ? [] : [{ kind: 'wake', key: `wake/${state.release?.id}/${at}`, at }];
}

/** When time alone will change something. A paused release sleeps. */
function wakeAt(release: Release | null): number | null {
  if (release === null || release.pausedAt !== null) return null;
  if (release.status === 'promoted') return release.drain === null ? null : release.windowEndsAt;
  const current = release.status === 'stepping' ? release.steps[release.cursor] : undefined;
  if (current?.kind === 'wait') return release.since + current.ms;
  if (current?.kind === 'approve') return null;
  return transitions[release.status].timed ? release.deadlineAt : null;
}

function wanted(state: AppState, environment: Environment, of: (role: Role) => boolean): Counts {
  const roles = environment.spec.roles.filter(of);
  return Object.fromEntries(roles.map((role) => [role.name, instances(state, environment, role)]));
}

/** How many instances of a role the environment shall have now. */
function instances(state: AppState, environment: Environment, role: Role): number {
  const full = state.scale[role.name] ?? role.instances;
  const preview = environment.spec.release.previewInstances;
  if (environment.size === 'full' || preview === 'all' || role.kind !== 'web') return full;
  return Math.min(full, preview);
}

function keyOf(place: string, environment: Environment, counts: Counts, restart: number): string {
  const sizes = Object.entries(counts).map(([role, count]) => `${role}=${count}`);
  return [place, environment.version, ...sizes, restart].join('/');
}
