import type { Role } from '../../config/config.ts';
import type { Workload } from '../../platform/platform.ts';
import { effects, type Effect } from '../../release/effects.ts';
import type { AppState, Build, Environment } from '../../release/state.ts';

/** What the platform is asked to run for one role of the effect's environment. */
export function workload(app: string, effect: Effect & { kind: 'run' | 'hand-over' }, role: Role): Workload {
  return {
    app,
    colour: effect.colour,
    role: role.name,
    version: effect.environment.version,
    directory: directoryOf(effect.environment, role),
    spec: role,
    instances: effect.counts[role.name] ?? role.instances,
    restart: effect.restart,
  };
}

/** What runs, by the state: at a start, before anything has been worked at. */
export const expected = (state: AppState): readonly Workload[] =>
  effects(state).flatMap((effect) =>
    effect.kind !== 'run'
      ? []
      : effect.environment.spec.roles
          .filter(({ name }) => effect.counts[name] !== undefined)
          .map((role) => workload(state.app, effect, role)),
  );

/** The version's folder in the version store, or the role's own with its `{version}` filled in. */
export const directoryOf = (
  { directory, version }: Pick<Environment, 'directory' | 'version'>,
  role: Role,
): string => directory ?? role.directory.replaceAll('{version}', version);

/** Tests and migrations belong to the version they come with: they run in its folder. */
export function folderOf(build: Build): string {
  const [first] = build.spec.roles;
  if (first === undefined) throw new Error(`${build.spec.name} has no roles`);
  return directoryOf(build, first);
}
