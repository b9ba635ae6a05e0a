import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { phases, type DatabasePolicy, type Phase } from '../../config/database.ts';
import { migrationAt } from '../../database/run/folder.ts';
import { planOf } from '../../database/run/plan.ts';
import type { Source } from '../../database/run/step.ts';
import { loadParser } from '../../database/sql/parser.ts';
import { TealError } from '../../errors.ts';
import type { Build } from '../../release/state.ts';
import { folderOf } from '../effects/workload.ts';

/** What a version brings for the database. */
export interface Newest {
  /** Of its folder, or the version where commands do all the work. */
  readonly name: string;
  /** From the folder of the version, as people write it; null: there are commands only. */
  readonly folder: string | null;
}

/** The newest migration that lies in a version; null: none does. Nothing of it is read. @throws TealError `migration-invalid` */
export async function newestOf(build: Build): Promise<Newest | null> {
  const database = build.spec.database ?? null;
  if (database === null) return null;
  const { migrations } = database;
  if (migrations === null)
    return Object.keys(database.run).length === 0 ? null : { name: build.version, folder: null };
  const home = path.resolve(folderOf(build), migrations);
  const names = await namesIn(home);
  if (names === 'a file') throw misplaced(build, migrations, 'is a file, and has to be a folder');
  const here = names.find(isPhase);
  if (here !== undefined)
    throw misplaced(build, migrations, `holds ${here} itself: it has to hold a folder for each migration`);
  for await (const name of migrationsIn(home)) return { name, folder: path.posix.join(migrations, name) };
  return null;
}

/** Names of the folders that hold a phase, newest first. */
export async function* migrationsIn(home: string): AsyncGenerator<string> {
  const names = await namesIn(home);
  if (names === 'a file') return;
  for (const name of names.filter((each) => !each.startsWith('.')).toSorted(newestFirst)) {
    const inside = await namesIn(path.join(home, name));
    if (inside !== 'a file' && inside.some(isPhase)) yield name;
  }
}

/** Numbers by what they count, so that 10 comes after 9. */
const byNumber = new Intl.Collator('en', { numeric: true });

const newestFirst = (a: string, b: string): number => byNumber.compare(b, a) || (a < b ? 1 : -1);

const isPhase = (name: string): boolean => phases.some((phase) => name === `${phase}.sql`);

/** What is not there holds nothing. */
async function namesIn(folder: string): Promise<readonly string[] | 'a file'> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return 'a file';
    if (code === 'ENOENT') return [];
    throw error;
  }
}

const misplaced = ({ version, spec }: Build, folder: string, why: string): TealError =>
  new TealError('migration-invalid', `${folder} of ${version} ${why}.`, {
    remedy: `apps.${spec.name}.database.migrations of teal.yaml names the folder above them, such as db for db/0007-rename`,
    details: { folder, version },
  });

/**
 * The phases that have anything to do, by the statements that are there and the commands.
 * @throws TealError `migration-invalid` with the place, `parser-missing`
 */
export async function phasesOf(
  build: Build,
  { folder }: Newest,
  { run }: DatabasePolicy,
): Promise<readonly Phase[]> {
  if (folder === null) return phases.filter((phase) => run[phase] !== undefined);
  const migration = await migrationAt(path.resolve(folderOf(build), folder), runsOf(run));
  // Places are told as people write them: each migration has an expand.sql.
  const placed = (source: Source): Source =>
    'run' in source ? source : { ...source, file: path.posix.join(folder, source.file) };
  const sources = phases.map((phase) => [phase, migration.phases[phase].map(placed)] as const);
  const { steps } = planOf(await loadParser(), {
    ...migration,
    phases: Object.fromEntries(sources) as unknown as typeof migration.phases,
  });
  return phases.filter((phase) => steps[phase].length > 0);
}

const runsOf = (run: DatabasePolicy['run']): Partial<Record<Phase, readonly string[]>> =>
  Object.fromEntries(Object.entries(run).map(([phase, command]) => [phase, [command]]));
