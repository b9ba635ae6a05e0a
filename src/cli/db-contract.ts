import type { Context, Result } from './shell/context.ts';
import { orderMigration, type MigrationFlags } from './shell/migration.ts';

/** Takes away from the database what only older versions need; waits until it is done. */
export async function dbContract(this: Context, flags: MigrationFlags, app?: string): Promise<Result | void> {
  return orderMigration(this, flags, { command: 'contract', app });
}
