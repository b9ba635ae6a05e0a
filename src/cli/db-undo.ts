import type { Context, Result } from './shell/context.ts';
import { orderMigration, type MigrationFlags } from './shell/migration.ts';

/** Takes back what a migration has added to the database; waits until it is done. */
export async function dbUndo(this: Context, flags: MigrationFlags, app?: string): Promise<Result | void> {
  return orderMigration(this, flags, { command: 'undo', app });
}
