import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Parser } from '../../../src/database/sql/parser.ts';
import { breaks, safe, visible, type Judged, type Published, type Stage } from './history.ts';
import { packageFolder, type Package } from './packages.ts';
import { sqlInScripts } from './sql-in-js.ts';

const hashes = {
  '0.2.0':
    '69386ff1fe3d1e43d805e1bdbf0556119b4a8d55ce50b33a55a363bc8580f824f551c7cb06617d5acf2caacd3deb44a312615b28762af6b499b07d674a4c9f98',
  '0.4.0':
    '7105baf44465a2c29fd24695a40b8b4fd608aa2e61fa40a1b939f485de37c2c0c1fcd3c4c609631b232c4a2a83e5b5052e5bade84a9d366276af9e121c66cebb',
  '0.6.0':
    '7e31fdf011324fd4df4d40c8695dd66486afbf3278c36fbdd4a278cc3124087c8f382d1b09bfd1ce0857f0118f525af5c58a458c628cd3f1e09d6a9b18dbb8c6',
  '0.8.1':
    '37a96aee93a228e42f74c1cd3bf53a574ed356da716b9653b07e4fd55178f5ada26bb523e97b169fd5b698690e657117c3f5881d869661ed4ee145fa1a68e9e1',
  '0.11.4':
    'f58c0367df90bfc8d8b3286be232b1e108043e4710e216bf2d5c23597eb6abfb81a0904d3cb6968c69afaa3d2f830ac43908a93728ff34a3424b61afdea590bf',
  '0.12.2':
    '7870ce9b5e5b583020e07156a381479252316ed422a78e29d277a53fb01b9191af9c72a264c3e9f03fe18b61cef7a6c904707a038668df31fda398c17a39b963',
  '0.13.0':
    'f079795d5ea191a6d9461633bdb51fbe325f3c547910fc584555a5cd00b6aea607ae350b4cb0600586676b947dba46e7b1b592be7e2f56bcce0483a0202d638f',
  '0.15.1':
    'a09ef465d524a15a4cd294192073fe49970c122e676dda68e3fa5be596a9cdce83e35defbc6d456f617c5f5bbc0548b1c9a98761d0f1c5b95d584b50275fd9de',
  '0.16.6':
    '7bb806603986ab38eeda5f37329cd7f2f346fe53ad549892cc8dde669005b9b4b187f731b3bb11ad11811a3cc13f590d1b41fe73de5eb4fa4d44d947eb93d887',
  '0.17.3':
    'e6f5ff9c38adeef5c3c3a25ab8613b0a9138b985aef172d30e470bde6b2ac15470aedc41a9ac0bd42e7920d7d71ada325750c8916bef3dd78ab57b8b4466322e',
} as const;

const worker = (version: keyof typeof hashes): Package => ({
  registry: 'npm',
  name: 'graphile-worker',
  version,
  hash: hashes[version],
  licence: 'MIT',
});
const newest = worker('0.17.3');

interface Upgrade {
  /** The last version that was published without these migrations. */
  readonly from: keyof typeof hashes;
  readonly first: number;
  readonly last: number;
  readonly judged: Judged;
}

const row = 'one more column of SELECT * FROM get_job()';
const body = 'another body of a function';

const upgrades: readonly Upgrade[] = [
  { from: '0.2.0', first: 2, last: 3, judged: visible(`${row}, ${body}`) },
  { from: '0.4.0', first: 4, last: 4, judged: visible(body) },
  { from: '0.6.0', first: 5, last: 5, judged: visible(`${row}, ${body}`) },
  { from: '0.8.1', first: 6, last: 8, judged: visible(body) },
  { from: '0.11.4', first: 9, last: 9, judged: visible(body) },
  { from: '0.12.2', first: 10, last: 10, judged: safe('no statement inserts into the table by itself') },
  { from: '0.13.0', first: 11, last: 14, judged: breaks('functions and columns that workers use are gone') },
  { from: '0.15.1', first: 15, last: 18, judged: breaks('tables have other names') },
  { from: '0.16.6', first: 19, last: 19, judged: safe('changes nothing') },
];

/** The names of its schema, in its SQL and in its scripts. */
const schema = 'graphile_worker';

/** One that breaks statements and one that changes nothing: with the newest itself three packages, which are there in some seconds. */
const quickUpgrades: readonly string[] = ['0.13.0', '0.16.6'] satisfies readonly Upgrade['from'][];

/**
 * A job queue whose workers run beside each other while it is upgraded: each upgrade with the statements of the version before.
 * @param quick tries two upgrades, and only runs the others
 */
export async function graphileWorker(parser: Parser, quick = false): Promise<Published> {
  const sql = path.join(await packageFolder(newest), 'sql');
  const read = (number: number): string => {
    const text = readFileSync(path.join(sql, `${String(number).padStart(6, '0')}.sql`), 'utf8');
    return `BEGIN;\n${text.replaceAll(':GRAPHILE_WORKER_SCHEMA', schema)}\n;COMMIT;`;
  };
  const base: Stage = {
    name: '1',
    sql: `CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.migrations (id int PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now());
      ${read(1)}`,
    judged: null,
    statements: null,
  };
  const stages = await Promise.all(
    upgrades.map(async ({ from, first, last, judged }): Promise<Stage> => {
      const files = Array.from({ length: last - first + 1 }, (_, at) => read(first + at));
      const stage = { name: first === last ? String(first) : `${first} to ${last}`, sql: files.join('\n') };
      if (quick && !quickUpgrades.includes(from)) return { ...stage, judged: null, statements: null };
      const scripts = path.join(await packageFolder(worker(from)), 'dist');
      return {
        ...stage,
        judged,
        statements: sqlInScripts(parser, scripts, { escapedWorkerSchema: schema, workerSchema: schema }),
      };
    }),
  );
  return { ...newest, statements: 'of the version before', histories: [[base, ...stages]] };
}
