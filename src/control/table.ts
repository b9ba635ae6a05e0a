import type { AudienceTable } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import type { Instance } from '../platform/platform.ts';
import { flagTable } from '../features/flag-set.ts';
import { counted } from '../release/judging.ts';
import { other, type AppState, type Colour } from '../release/state.ts';
import { groupTable, pathsTogether } from './table-group.ts';
import type {
  AppTable,
  Endpoint,
  EnvironmentTable,
  Judged,
  MirrorTable,
  SigningKey,
} from '../router/table.ts';

/** What a table is made of. */
export interface Facts {
  readonly states: readonly AppState[];
  readonly instances: readonly Instance[];
  /** Instances about to be stopped: they get nothing new. */
  readonly released: Pick<ReadonlySet<string>, 'has'>;
  readonly previewKey: (app: string) => string;
  readonly keys: (state: AppState) => readonly SigningKey[];
}

/** Where every request of an app shall go now: a pure function of what is known, so that it can be compared and made again. */
export function appTable(state: AppState, config: App, facts: Facts): AppTable {
  const environments = { blue: environment(state, 'blue', facts), green: environment(state, 'green', facts) };
  return {
    app: state.app,
    live: state.live !== null && environments[state.live] !== null ? state.live : null,
    routes: config.roles
      .filter((role) => role.kind === 'web')
      .map(({ name, hosts, paths }) => ({ role: name, hosts, paths })),
    environments,
    maintenance: state.maintenance,
    previewKey: facts.previewKey(state.app),
    keys: facts.keys(state),
    audience: audienceTable(state, config, pathsTogether(state, facts.states)),
    judged: judgedOf(state),
    mirror: mirrorOf(state),
    flags: flagTable(state, config),
    group: groupTable(state, facts),
    drain: config.drain,
    upstream: config.upstream,
    exposeVersion: config.exposeVersion ?? false,
    skew: config.skew === 'pin' ? { warm: warmOf(state) } : null,
    errors: Object.fromEntries(Object.entries(config.errors ?? {}).map(([key, { html }]) => [key, html])),
  };
}

/** Whose answers are counted by person: from before anybody is exposed, so that the routers know how it was. */
function judgedOf(state: AppState): Judged | null {
  const found = counted(state);
  if (found === null) return null;
  const { release, past } = found;
  return { release: release.id, candidate: release.colour, ...past };
}

/**
 * Where pages that were opened before find their files: while a release exposes people, at live, which some of them have left; from the switch
 * on in the environment that a rollback would return to. What was rolled back is not served any more.
 */
function warmOf({ live, release, environments }: AppState): Colour | null {
  if (live === null || release === null) return null;
  const old = release.colour === live ? other(live) : live;
  const moved =
    release.colour === live
      ? release.status === 'switching' || release.status === 'promoted'
      : release.exposed.length > 0 && environments[release.colour]?.phase === 'running';
  return moved && environments[old]?.phase === 'running' ? old : null;
}

/** Copies of live's requests for the candidate while a `mirror` step runs, also while it is paused. */
export function mirrorOf({ live, release, environments }: AppState): MirrorTable | null {
  if (live === null || release === null || release.status !== 'stepping' || release.expose === null)
    return null;
  const step = release.steps[release.cursor];
  const { colour } = release;
  if (step?.kind !== 'mirror' || colour === live || environments[colour]?.phase !== 'running') return null;
  const { of, percent, methods, timeoutMs, maxBodyBytes } = step;
  return { candidate: colour, of, percent: percent ?? 100, methods, timeoutMs, maxBodyBytes };
}

/** Who goes where, as the release was deployed with: what is applied meanwhile takes effect with the next one. */
export function audienceTable(
  state: AppState,
  config: App,
  paths: readonly string[] = pathsTogether(state, [state]),
): AudienceTable | null {
  const { app, live, release, cohort, environments } = state;
  if (live === null) return null;
  const exposes =
    release !== null && release.exposed.length > 0 && environments[release.colour]?.phase === 'running';
  const mirrors = release !== null && mirrorOf(state) !== null;
  const { identity, audiences, group } = exposes || mirrors ? release.build.spec : config;
  return {
    app,
    ...(group === undefined ? {} : { group }),
    live,
    release: exposes
      ? {
          id: release.group?.id ?? release.id,
          candidate: release.colour,
          cohort: release.cohort.cohort,
          exposed: release.exposed,
        }
      : null,
    identity,
    audiences,
    paths,
    offset: exposes ? release.cohort.offset : cohort.offset,
  };
}

function environment(state: AppState, colour: Colour, facts: Facts): EnvironmentTable | null {
  const known = state.environments[colour];
  if (known === null || known.phase === 'stopping') return null;
  const candidates = facts.instances.filter(
    (instance) =>
      instance.app === state.app &&
      instance.colour === colour &&
      instance.version === known.version &&
      !facts.released.has(instance.id),
  );
  const roles = known.spec.roles.filter((role) => role.kind === 'web');
  return {
    version: known.version,
    endpoints: roles.flatMap(({ name }) => {
      const own = candidates.filter(({ role }) => role === name);
      return endpoints(own, state.live === colour);
    }),
  };
}

/**
 * The healthy instances; if none is, those that at least run. After a restart of Teal nothing has been checked yet,
 * and an instance that fails its health check answers more requests than no instance. In the other environment only
 * those that have ever answered one: the people of a candidate whose processes are being started again are better off
 * on live, where the router sends them when it has none.
 */
function endpoints(instances: readonly Instance[], live: boolean): readonly Endpoint[] {
  const healthy = instances.filter(({ state }) => state === 'healthy');
  const running = instances.filter(
    ({ state, everHealthy }) => (state === 'starting' || state === 'unhealthy') && (live || everHealthy),
  );
  return (healthy.length > 0 ? healthy : running).flatMap(({ id, role, address }) =>
    address === null ? [] : [{ id, role, ...address }],
  );
}
