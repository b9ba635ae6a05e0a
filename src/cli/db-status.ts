import { databaseStatus } from '../database/run/status.ts';
import { addressGiven } from '../database/server/address.ts';
import { renderDatabase } from './render/migration.ts';
import type { Context, LocalFlags, Result } from './shell/context.ts';

export interface DbStatusFlags extends LocalFlags {
  readonly url?: string;
}

/** Shows which phases of which migrations have run in a database, and what is under way. */
export async function dbStatus(this: Context, flags: DbStatusFlags): Promise<Result> {
  const status = await databaseStatus(addressGiven(flags.url, this.env));
  return { json: status, text: (view) => renderDatabase(status, view) };
}
