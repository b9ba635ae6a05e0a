import { valueOf } from '../../config/secret.ts';
import type { DatabasePolicy } from '../../config/database.ts';
import { checkAddress } from '../../database/server/address.ts';
import { loadParser } from '../../database/sql/parser.ts';
import type { AppState, Build, BuildMigration } from '../../release/state.ts';
import { loadPg } from '../../store/postgres/driver.ts';
import { newestOf, phasesOf, type Newest } from './newest.ts';

/**
 * The build with what it needs of the database. What is certain to fail is refused here, before anything has begun; no server is asked.
 * @throws TealError `migration-invalid`, `secret-missing`, `package-missing`, `parser-missing`, `usage`
 */
export async function withMigration(state: AppState, build: Build): Promise<Build> {
  const newest = await newestOf(build);
  const needed = newest === null ? null : await neededOf(state, build, newest);
  return needed === null ? build : { ...build, migration: needed };
}

/** What is left to do of a version's newest migration; null: nothing. @throws as `withMigration` */
export async function neededOf(
  { contracted }: Pick<AppState, 'contracted'>,
  build: Build,
  newest: Newest,
): Promise<BuildMigration | null> {
  const { database, name } = build.spec;
  // Of one that is done nothing is asked any more, such as whether it can be read.
  if (!database || contracted.includes(newest.name)) return null;
  const phases = await phasesOf(build, newest, database);
  if (phases.length === 0) return null;
  await checkServer(name, database);
  return { name: newest.name, phases };
}

async function checkServer(app: string, { url, proof }: DatabasePolicy): Promise<void> {
  if (url === null) return;
  await loadPg(`The migration of ${app}`);
  await loadParser();
  checkAddress(
    valueOf('the database', url, process.env),
    url.kind === 'secret' ? url.name : `apps.${app}.database.url`,
  );
  const shadow = proof?.shadow;
  if (typeof shadow === 'object') valueOf('the shadow database', shadow, process.env);
}
