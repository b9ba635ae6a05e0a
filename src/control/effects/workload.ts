import type { Role } from '../../config/config.ts';
import type { Workload } from '../../platform/platform.ts';
import type { Effect } from '../../release/effects.ts';
import type { Environment } from '../../release/state.ts';

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

/** The version's folder in the version store, or the role's own with its `{version}` filled in. */
export const directoryOf = (
  { directory, version }: Pick<Environment, 'directory' | 'version'>,
  role: Role,
): string => directory ?? role.directory.replaceAll('{version}', version);
