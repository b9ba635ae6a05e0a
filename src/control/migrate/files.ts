import path from 'node:path';
import { phases } from '../../config/database.ts';
import { migrationAt } from '../../database/run/folder.ts';
import type { Migration } from '../../database/run/step.ts';
import { TealError } from '../../errors.ts';
import { folderOf } from '../effects/workload.ts';
import type { MigrateEffect } from './work.ts';

/** What the migration does, as it lies in its version. @throws TealError `migration-invalid` */
export async function filesOf({ migration, policy }: MigrateEffect): Promise<Migration> {
  const { build, name } = migration;
  const runs = Object.fromEntries(Object.entries(policy.run).map(([phase, command]) => [phase, [command]]));
  if (policy.migrations === null) {
    const of = Object.fromEntries(
      phases.map((phase) => [phase, (runs[phase] ?? []).map((run) => ({ run }))]),
    ) as unknown as Migration['phases'];
    return { name, phases: of };
  }
  const folder = path.resolve(folderOf(build), policy.migrations, name);
  try {
    return await migrationAt(folder, runs);
  } catch (cause) {
    throw new TealError(
      'migration-invalid',
      `The files of ${name} in ${build.version} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy:
          'They belong to the version, as long as its migration is neither contracted nor undone: put them back.',
        details: { folder },
        cause,
      },
    );
  }
}
