import path from 'node:path';
import { databaseStatus, type MigrationStatus } from '../../database/run/status.ts';
import { TealError } from '../../errors.ts';
import type { AppState, Build } from '../../release/state.ts';
import { folderOf } from '../effects/workload.ts';
import { addressOf } from './address.ts';
import { migrationsIn, type Newest } from './newest.ts';

/**
 * Migrations that lie between the oldest that this app's releases have run and the newest of a version, and that none of them has run:
 * a release runs one, so these would be left out. Newest first.
 */
export async function skippedBy(
  { contracted, migration }: Pick<AppState, 'contracted' | 'migration'>,
  build: Build,
  { name: newest, folder }: Newest,
): Promise<readonly string[]> {
  const { database } = build.spec;
  if (folder === null || !database || database.migrations === null) return [];
  const has = migration === null || migration.stage === 'undone' ? [] : [migration.name];
  const ran = new Set([...contracted, ...has]);
  if (ran.size === 0) return [];
  const names = await Array.fromAsync(migrationsIn(path.resolve(folderOf(build), database.migrations)));
  const oldest = names.findLastIndex((name) => ran.has(name));
  return names.slice(0, Math.max(0, oldest)).filter((name) => name !== newest && !ran.has(name));
}

/**
 * The database is asked only where something seems to be left out: by hand it may have run all the same.
 * @throws TealError `migration-order`, `database-unavailable`
 */
export async function refuseSkipped(state: AppState, build: Build, newest: Newest): Promise<void> {
  const url = build.spec.database?.url ?? null;
  const skipped = await skippedBy(state, build, newest);
  if (skipped.length === 0 || url === null) return;
  const { migrations } = await databaseStatus(addressOf(build.spec.name, url));
  const ran = new Set(migrations.filter(isThere).map(({ migration }) => migration));
  const missing = skipped.filter((name) => !ran.has(name));
  const first = missing.at(-1);
  if (first === undefined) return;
  const { version, spec } = build;
  throw new TealError(
    'migration-order',
    `${version} brings ${missing.toReversed().join(', ')} beside ${newest.name}, and a release runs the newest only.`,
    {
      remedy: `deploy a version whose newest migration is ${first} first, or write them as one; by hand: teal db run expand ${spec.database?.migrations}/${first}`,
      details: { app: spec.name, version, missing },
    },
  );
}

/** Some of it has run, and was not taken back. */
function isThere({ phases }: MigrationStatus): boolean {
  return (
    phases.some(({ phase, state }) => phase !== 'undo' && state === 'done') &&
    phases.every(({ phase, state }) => phase !== 'undo' || state === 'not begun')
  );
}
