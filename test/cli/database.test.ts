import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { start, teal } from './cli.ts';

let root: string;
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'teal-db-'));
});
after(() => rm(root, { recursive: true }));

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(root, 'p-'));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return folder;
}

const release = {
  'db/7/expand.sql': 'ALTER TABLE users DROP COLUMN email;\nALTER TABLE users ADD COLUMN born date;\n',
  'db/7/undo.sql': 'ALTER TABLE users DROP COLUMN born;\n',
  'db/6.down.sql': 'DROP TABLE users;\n',
};

test('db lint fails where something breaks the live version, with place, lock and the safe form, also in a narrow terminal', async () => {
  const folder = await folderWith(release);
  const { code, out } = await teal(folder, 'db', 'lint', 'db');
  assert.equal(code, 1);
  assert.match(
    out,
    /^✗ db\/7\/expand\.sql:1:19 {2}error {2}drop-column\n[^]*lock +AccessExclusive on users for a moment: blocks reads and writes\n +instead +Stop using it[^]*\n✗ 3 statements in 2 files: 1 error, 0 warnings, 1 note\.\n/,
  );
  const narrow = await start(folder, ['db', 'lint', 'db'], { COLUMNS: '40' }).finished;
  const long = narrow.out.split('\n').filter((line) => line.length > 40 && !/expand\.sql|allow/.test(line));
  assert.deepEqual(long, []);
  assert(!narrow.out.includes('\x1b'));
});

test('db lint of one phase knows the others, and says nothing of them', async () => {
  const folder = await folderWith(release);
  const { code, out } = await teal(folder, 'db', 'lint', 'db/7/undo.sql');
  assert.equal(code, 0, out);
  assert.match(out, /^✓ 1 statement in 1 file: nothing to say\.\n$/);
});

test('db lint prints JSON and SARIF, and fails for warnings when it is told to', async () => {
  const folder = await folderWith({ 'expand.sql': 'ALTER TABLE users ALTER name DROP NOT NULL;' });
  const json = await teal(folder, 'db', 'lint', '--json', '--server-version', '17');
  assert.equal(json.code, 0);
  const { findings, serverVersion } = JSON.parse(json.out) as {
    findings: { rule: string }[];
    serverVersion: number;
  };
  assert.deepEqual([serverVersion, findings.map(({ rule }) => rule)], [17, ['drop-not-null']]);
  const sarif = await teal(folder, 'db', 'lint', '--sarif');
  assert.equal((JSON.parse(sarif.out) as { version: string }).version, '2.1.0');
  assert.equal((await teal(folder, 'db', 'lint', '--strict')).code, 1);
});

test('db lint says what it was asked wrongly', async () => {
  const folder = await folderWith({ 'README.md': 'nothing' });
  const nothing = await teal(folder, 'db', 'lint');
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /There is no \.sql file in \.\n[^]*such as db\/migrations[^]*code: usage/);
  const missing = await teal(folder, 'db', 'lint', 'nowhere.sql');
  assert.equal(missing.code, 2);
  assert.match(missing.err, /There is no file or folder nowhere\.sql/);
  const version = await teal(folder, 'db', 'lint', '--server-version', '12');
  assert.equal(version.code, 2);
  assert.match(version.err, /--server-version cannot be "12": expected 14 or 15/);
});

test('what cannot be read is nothing to be allowed, and what can be is told how, in one piece', async () => {
  const folder = await folderWith({ 'bad.sql': 'hello', 'drop.sql': 'DROP VIEW people;' });
  const unread = await teal(folder, 'db', 'lint', 'bad.sql');
  assert.equal(unread.code, 1);
  assert.doesNotMatch(unread.out, /teal: allow/);
  const narrow = await start(folder, ['db', 'lint', 'drop.sql'], { COLUMNS: '50' }).finished;
  assert.match(narrow.out, /statement:\n {2}-- teal: allow drop-view because <reason>\n$/);
});

test('without the parser the command says how to install it', async () => {
  const folder = await folderWith({
    'a.sql': 'SELECT 1;',
    'hide.mjs':
      "import { registerHooks } from 'node:module';\nregisterHooks({ resolve(name, context, next) { if (name === 'libpg-query') throw new Error('it is not there'); return next(name, context); } });\n",
  });
  const env = { NODE_OPTIONS: `--import=${path.join(folder, 'hide.mjs')}` };
  const { code, err } = await start(folder, ['db', 'lint'], env).finished;
  assert.equal(code, 1);
  assert.match(err, /npm install --save-dev libpg-query@18[^]*code: parser-missing/);
});

test('db new writes four files into the next folder, which db lint has nothing against', async () => {
  const folder = await folderWith({
    'db/0009-first/expand.sql':
      "CREATE TABLE users (id int PRIMARY KEY, name varchar(40) NOT NULL DEFAULT '');",
  });
  const args = [
    'db',
    'new',
    'rename-column',
    'users.name',
    'full_name',
    '--schema',
    'db/0009-first',
    '--default',
    "''",
  ];
  const { code, out, err } = await teal(folder, ...args);
  assert.equal(code, 0, err);
  assert.match(
    out,
    /^✓ Written +db\/0010-rename-users-name-full-name\n[^]*expand\.sql[^]*\n +teal db lint db\/0010-rename-users-name-full-name\n$/,
  );
  const again = await teal(folder, ...args, '--json');
  assert.deepEqual(
    (JSON.parse(again.out) as { files: string[] }).files.map((file) => file.split('/').slice(1).join('/')),
    ['expand', 'backfill', 'undo', 'contract'].map(
      (phase) => `0011-rename-users-name-full-name/${phase}.sql`,
    ),
  );
  const linted = await teal(
    folder,
    'db',
    'lint',
    'db/0009-first',
    'db/0010-rename-users-name-full-name',
    '--strict',
  );
  assert.equal(linted.code, 0, linted.out);
});

test('db new writes over nothing, and asks for what it cannot know', async () => {
  const folder = await folderWith({ 'db/1/contract.sql': 'SELECT 1;' });
  const there = await teal(folder, 'db', 'new', 'drop', 'table', 'users', '--out', 'db/1');
  assert.equal(there.code, 1);
  assert.match(there.err, /holds contract\.sql already\n[^]*--out[^]*code: migration-exists/);
  const unknown = await teal(folder, 'db', 'new', 'change-type', 'users.age', 'bigint');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /The type of users\.age is not known\n[^]*--type text/);
  const what = await teal(folder, 'db', 'new', 'drop', 'trigger', 'users');
  assert.equal(what.code, 2);
  assert.match(what.err, /thing cannot be "trigger": expected column, table/);
});

test('every kind of migration can be asked for by its name', async () => {
  const folder = await folderWith({});
  const asked: readonly (readonly string[])[] = [
    ['change-type', 'users.age', 'bigint', '--type', 'integer'],
    ['split', 'users.name', 'first', 'last', '--up', 'a', '--up', 'b', '--down', 'c'],
    ['rename-table', 'users', 'people', '--grant', 'app', '--grant', 'reader'],
    ['set-not-null', 'users.email', "'unknown'"],
    ['add-unique', 'users.email', '--now'],
    ['add-fk', 'orders.user_id', 'users.id'],
    ['drop', 'column', 'users.fax', '--default', "''"],
  ];
  for (const args of asked) {
    const { code, err } = await teal(folder, 'db', 'new', ...args, '--out', `db/${args[0]}`);
    assert.equal(code, 0, err);
  }
  const { code, out } = await teal(folder, 'db', 'lint', 'db', '--strict');
  assert.equal(code, 0, out);
});

test('db lint leaves out what is no migration beside phases, and knows what --schema tells of before', async () => {
  const folder = await folderWith({
    'db/queries.sql': 'SELECT broken FROM;',
    'db/0007-x/contract.sql':
      'ALTER TABLE users DROP COLUMN name;\nCREATE INDEX CONCURRENTLY i ON logs (a);\n',
    'schema.sql':
      '\\restrict abc\nCREATE TABLE users (id int, name text);\nCREATE VIEW named AS SELECT name FROM users;\nCREATE TABLE logs (a int) PARTITION BY LIST (a);\n',
  });
  const alone = await teal(folder, 'db', 'lint', 'db');
  assert.equal(alone.code, 0, alone.out);
  const named = await teal(folder, 'db', 'lint', 'db/queries.sql');
  assert.match(named.out, /syntax-error/);
  const told = await teal(folder, 'db', 'lint', 'db', '--schema', 'schema.sql');
  assert.equal(told.code, 1);
  assert.match(told.out, /contract\.sql:1:19 +error +still-used\n[^]*the view named stands on users\.name/);
  assert.match(told.out, /contract\.sql:2:1 +error +partitioned-concurrently\n[^]*ON ONLY logs/);
});

test('db new reads names as SQL quotes them, and writes no index that a partitioned table refuses', async () => {
  const folder = await folderWith({
    'schema.sql':
      'CREATE TABLE logs (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);\nCREATE TABLE bare (a int) PARTITION BY LIST (a);\n',
  });
  const made = async (out: string, ...args: readonly string[]): Promise<string> => {
    const { code, err } = await teal(folder, 'db', 'new', ...args, '--out', out);
    assert.equal(code, 0, err);
    return readFile(path.join(folder, out, 'expand.sql'), 'utf8');
  };
  const renamed = await made(
    'a',
    'rename-column',
    '"User Accounts"."userName"',
    '"full.Name"',
    '--type',
    'text',
    '--key',
    '"userId"',
  );
  assert.match(renamed, /ALTER TABLE "User Accounts"\n {2}ADD COLUMN "full\.Name" text;/);
  assert.doesNotMatch(renamed, /"""/);
  const unique = await made('b', 'add-unique', 'logs.a', '--now', '--schema', 'schema.sql');
  assert.match(unique, /CREATE UNIQUE INDEX logs_a_key ON ONLY logs \(a\);/);
  assert.match(unique, /CREATE UNIQUE INDEX CONCURRENTLY logs_1_logs_a_key ON logs_1 \(a\);/);
  assert.match(unique, /ALTER INDEX logs_a_key ATTACH PARTITION logs_1_logs_a_key;/);
  const unknown = await teal(folder, 'db', 'new', 'add-fk', 'bare.a', 'users.id', '--schema', 'schema.sql');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /which partitions it has is not known[^]*pg_dump --schema-only/);
  const wrong = await teal(folder, 'db', 'new', 'add-unique', 'users."name');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /names no column[^]*in quotes/);
});
