import { roleEnvironment } from '../../platform/process/environment.ts';
import type { MigrateEffect } from './work.ts';

/**
 * What a command of the migration is told: what the app's first role is, which has its settings, and which phase of what this is. Teal's
 * own environment may hold secrets of others, so no more of it than the app gets. @throws TealError `secret-missing`
 */
export function commandEnvironment(
  { migration, phase }: MigrateEffect,
  own: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { build, name, release, round } = migration;
  const [first] = build.spec.roles;
  return {
    ...roleEnvironment(first?.environment ?? {}, own),
    TEAL_APP: build.spec.name,
    TEAL_VERSION: build.version,
    TEAL_RELEASE: release,
    TEAL_MIGRATION: name,
    TEAL_PHASE: phase,
    TEAL_ROUND: String(round),
  };
}
