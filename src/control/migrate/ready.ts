import { valueOf } from '../../config/secret.ts';
import type { DatabasePolicy } from '../../config/database.ts';
import { loadParser } from '../../database/sql/parser.ts';
import type { AppState, Build, BuildMigration } from '../../release/state.ts';
import { loadPg } from '../../store/postgres/driver.ts';
import { addressOf } from './address.ts';
import { newestOf, phasesOf, type Newest } from './newest.ts';
import { refuseSkipped } from './skipped.ts';

/**
 * The build with the newest migration that lies in it, by which it is known which schema it was written for. What is certain to fail is
 * refused here, before anything has begun.
 * @throws TealError `migration-invalid`, `migration-order`, `secret-missing`, `package-missing`, `parser-missing`, `usage`
 */
export async function withMigration(state: AppState, build: Build): Promise<Build> {
  const newest = await newestOf(build);
  if (newest === null) return build;
  const migration = await neededOf(state, build, newest);
  if (migration.phases.length > 0) await refuseSkipped(state, build, newest);
  return { ...build, migration };
}

/** What is left to do of a version's newest migration; no server is asked. @throws as `withMigration` */
export async function neededOf(
  { contracted }: Pick<AppState, 'contracted'>,
  build: Build,
  newest: Newest,
): Promise<BuildMigration> {
  const { database, name } = build.spec;
  // Of one that is done nothing is asked any more, such as whether it can be read.
  if (!database || contracted.includes(newest.name)) return { name: newest.name, phases: [] };
  const phases = await phasesOf(build, newest, database);
  if (phases.length > 0) await checkServer(name, database);
  return { name: newest.name, phases };
}

async function checkServer(app: string, { url, proof }: DatabasePolicy): Promise<void> {
  if (url === null) return;
  await loadPg(`The migration of ${app}`);
  await loadParser();
  addressOf(app, url);
  const shadow = proof?.shadow;
  if (typeof shadow === 'object') valueOf('the shadow database', shadow, process.env);
}
