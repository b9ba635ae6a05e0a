// The commands about statements, as CI runs them, against a real server.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { startPostgres, type PostgresServer } from '../store/postgres-server.ts';
import { start, teal, type Finished } from './cli.ts';

let root: string;
let server: PostgresServer;
let url: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'teal-prove-'));
  server = await startPostgres({
    version: 18,
    settings: { shared_preload_libraries: 'pg_stat_statements' },
  });
  url = await server.database();
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    "CREATE EXTENSION pg_stat_statements; CREATE TABLE users (id serial PRIMARY KEY, email text, name text); CREATE ROLE blue LOGIN; GRANT ALL ON users TO blue; INSERT INTO users (email) VALUES ('a'), ('a')",
  );
  await client.query('SET ROLE blue');
  await client.query("SELECT name FROM users WHERE email = 'private'");
  await client.query("UPDATE users SET email = 'private' WHERE id = 7");
  await client.end();
});
after(async () => {
  await server.stop();
  await rm(root, { recursive: true });
});

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(root, 'p-'));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return folder;
}

const tealDb = (folder: string, ...args: readonly string[]): Promise<Finished> =>
  start(folder, ['db', ...args], { DATABASE_URL: url }).finished;

const schema = 'CREATE TABLE users (id serial PRIMARY KEY, email text, name text);\n';

test('db collect writes what a role sends without values, and db prove fails for what breaks it', async () => {
  const folder = await folderWith({
    'schema.sql': schema,
    'db/1/expand.sql': 'ALTER TABLE users DROP COLUMN name;',
    'db/2/expand.sql': 'ALTER TABLE users ADD COLUMN born date;',
    'db/3/expand.sql': 'ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);',
  });
  const collected = await tealDb(folder, 'collect', '--role', 'blue', '--out', 'blue.jsonl');
  assert.equal(collected.code, 0, collected.err);
  assert.match(collected.out, /^✓ Collected +2 statements, 2 calls\n/);
  assert(!(await readFile(path.join(folder, 'blue.jsonl'), 'utf8')).includes('private'));

  const from = ['--corpus', 'blue.jsonl', '--schema', 'schema.sql'];
  const broken = await tealDb(folder, 'prove', 'db/1', ...from);
  assert.equal(broken.code, 1, broken.err);
  assert.match(
    broken.out,
    /^The live version on the expanded schema\n {2}2 of 2 statements proven, 100 % of 2 calls; 2 also run with synthetic values\n\n✗ BROKEN {2}column "name" does not exist \(42703\)\n {2}1 statement, 1 call\n {4}blue: SELECT name FROM users WHERE email = \$1\n/,
  );
  const fine = await tealDb(folder, 'prove', 'db/2', ...from);
  assert.equal(fine.code, 0, fine.out + fine.err);
  assert.match(
    fine.out,
    /no role blue, or grants it nothing, .*rights\s+are\s+not\s+looked\s+at\n✓ Compatible, as far as these statements tell\.\n$/s,
  );

  const risk = await tealDb(folder, 'prove', 'db/3', ...from, '--check', '--json');
  assert.equal(risk.code, 1, risk.err);
  const { parts } = JSON.parse(risk.out) as {
    parts: { findings: { verdict: string; rows: number | null }[] }[];
  };
  assert.deepEqual(
    parts.map(({ findings }) => findings.map(({ verdict, rows }) => [verdict, rows])),
    [[['risk', 1]]],
  );
  const allowed = await tealDb(folder, 'prove', 'db/3', ...from, '--fail-on', 'broken');
  assert.equal(allowed.code, 0, allowed.out);
});

test('db split writes the files of a migration, and never over others', async () => {
  const folder = await folderWith({
    'schema.sql': schema,
    'm.sql': 'ALTER TABLE users ADD COLUMN born date; ALTER TABLE users DROP COLUMN name;',
  });
  const asked = ['split', 'm.sql', '--role', 'blue', '--schema', 'schema.sql', '--out', 'db/7'];
  const done = await tealDb(folder, ...asked);
  assert.equal(done.code, 0, done.err);
  assert.match(
    done.out,
    /^✓ expand {4}ALTER TABLE users ADD COLUMN born date\n! contract {2}ALTER TABLE users DROP COLUMN name\n/,
  );
  assert.equal(
    await readFile(path.join(folder, 'db/7/expand.sql'), 'utf8'),
    'ALTER TABLE users ADD COLUMN born date;\n',
  );
  const again = await tealDb(folder, ...asked);
  assert.equal(again.code, 1);
  assert.match(again.err, /db\/7 holds expand\.sql already/);
  const rules = await teal(folder, 'db', 'split', 'm.sql');
  assert.match(rules.out, /! contract[^]*drop-column: [^]*By rules only/);
});

test('files that db collect, prove and split cannot use are told by their names, and none of it is a bug', async () => {
  const folder = await folderWith({ 'q.sql': 'SELECT 1;', 'bad.sql': 'hello', 'none.sql': '-- later' });
  const nowhere = await teal(folder, 'db', 'collect', 'nowhere.sql', '--out', 'c.jsonl');
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.err, /^✗ nowhere\.sql cannot be read: ENOENT\n/);
  const unwritten = await teal(folder, 'db', 'collect', 'q.sql', '--out', 'there/c.jsonl');
  assert.equal(unwritten.code, 2);
  assert.match(unwritten.err, /^✗ there\/c\.jsonl cannot be written: ENOENT\n {2}Name a file in a folder/);
  const nothing = await teal(folder, 'db', 'collect', 'bad.sql', '--out', 'c.jsonl');
  assert.match(
    nothing.out,
    /^! Collected +0 statements, 0 calls\n[^]*bad\.sql cannot be read[^]*Next +have the app/,
  );
  const one = await teal(folder, 'db', 'collect', 'q.sql', '--out', 'd.jsonl');
  assert.match(one.out, /^✓ Collected +1 statement, 1 call\n/);
  const unproven = await teal(folder, 'db', 'prove', 'q.sql', '--corpus', 'bad.sql', '--shadow', 'pglite');
  assert.match(unproven.err, /no statements to prove anything with;\s+bad\.sql\s+cannot\s+be\s+read/);
  const empty = await teal(folder, 'db', 'split', 'none.sql', '--out', 'out');
  assert.equal(empty.code, 2);
  assert.match(empty.err, /none\.sql holds no statement/);
  const unread = await teal(folder, 'db', 'split', 'bad.sql');
  assert.match(unread.err, /See what and where: teal db lint bad\.sql/);
});

test('without statements, a schema or a server there is nothing to prove with, and no password is shown', async () => {
  const folder = await folderWith({ 'db/expand.sql': 'SELECT 1;', 'q.sql': 'SELECT 1;' });
  const none = await teal(folder, 'db', 'prove', 'db');
  assert.equal(none.code, 2);
  assert.match(none.err, /There are no statements to prove anything with/);
  const schemaless = await teal(folder, 'db', 'prove', 'db', '--corpus', 'q.sql');
  assert.match(schemaless.err, /There is no schema to try anything on/);
  const where = await teal(folder, 'db', 'prove', 'db', '--corpus', 'q.sql', '--shadow', 'there');
  assert.match(where.err, /--shadow is neither a place[^]*createdb, pglite, in-place/);
  const check = await teal(folder, 'db', 'prove', 'nowhere', '--corpus', 'q.sql', '--check');
  assert.match(check.err, /There is no file or folder nowhere/);
  const rows = await teal(folder, 'db', 'prove', 'db', '--corpus', 'q.sql', '--check', '--schema', 'nowhere');
  assert.match(rows.err, /--check counts rows in the database itself/, 'before anything is tried');
  const away = await teal(folder, 'db', 'prove', 'db', '--url', 'postgres://me:secret@127.0.0.1:1/shop');
  assert.equal(away.code, 1);
  assert.match(away.err, /The database shop at 127\.0\.0\.1:1 cannot be reached/);
  assert(!away.err.includes('secret'));
  const bad = await teal(folder, 'db', 'prove', 'db', '--url', 'env:NO_SUCH');
  assert.match(bad.err, /NO_SUCH is not set/);
  const other = await teal(folder, 'db', 'prove', 'db', '--url', 'mysql://me:secret@127.0.0.1/shop');
  assert.match(other.err, /That is no address of a PostgreSQL database/);
  assert(!other.err.includes('secret'));
});
