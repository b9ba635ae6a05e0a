// teal db run and status, as typed, on a real server.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { noPostgres, startPostgres, type PostgresServer } from '../store/postgres-server.ts';
import { start, teal, until, type Finished } from './cli.ts';

const skip = noPostgres(18) ?? false;
let root: string;
let server: PostgresServer;
let url: string;

before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'teal-db-run-'));
  if (skip !== false) return;
  server = await startPostgres({ version: 18 });
  url = await server.database();
});
after(async () => {
  if (skip === false) await server.stop();
  await rm(root, { recursive: true });
});

async function ask(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function migration(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(root, 'db', name);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
}

const run = (...args: readonly string[]): Promise<Finished> =>
  start(root, ['db', ...args], { DATABASE_URL: url }).finished;

test(
  'phases are run one after the other, each says which comes next, and status what has run',
  { skip },
  async () => {
    await ask('CREATE TABLE people (id int PRIMARY KEY, name text)');
    await ask("INSERT INTO people SELECT i, 'n' || i FROM generate_series(1, 300) i");
    await migration('0001-born', {
      'expand.sql': 'ALTER TABLE people ADD COLUMN born int;\n',
      'backfill.sql':
        'UPDATE people SET born = 1900 + id WHERE born IS NULL;\nSELECT count(*) FROM people WHERE born IS NULL;\n',
      'undo.sql': 'ALTER TABLE people DROP COLUMN born;\n',
    });
    const none = await run('status');
    assert.match(none.out, /No migration has run here/);
    const early = await run('run', 'backfill', 'db/0001-born');
    assert.equal(early.code, 1);
    assert.match(early.err, /expand is not done[^]*code: migration-order/);
    const expanded = await run('run', 'expand', 'db/0001-born');
    assert.equal(expanded.code, 0, expanded.err);
    assert.match(
      expanded.out,
      /Expanded +0001-born\n +Steps +1 step, in [^]*Undo +teal db run undo db\/0001-born\n +Next +teal db run backfill db\/0001-born/,
    );
    assert.match(expanded.err, / {2}1 {2}ALTER TABLE people ADD COLUMN born int\n +done in/);
    const filled = await run('run', 'backfill', 'db/0001-born', '--json');
    const { ran, steps, phase } = JSON.parse(filled.out) as Record<string, unknown>;
    assert.deepEqual([ran, steps, phase, filled.err], [3, 3, 'backfill', '']);
    const status = await run('status', '--json');
    const { migrations } = JSON.parse(status.out) as {
      migrations: readonly { phases: readonly { state: string }[] }[];
    };
    assert.deepEqual(
      migrations[0]?.phases.map(({ state }) => state),
      ['done', 'done', 'not begun', 'not begun'],
    );
    assert.match((await run('status')).out, /0001-born\n✓ expand +\S+\n✓ backfill +\S+/);
  },
);

test('Ctrl-C takes back what is under way, and the same command goes on', { skip }, async () => {
  await ask('CREATE TABLE slow (id int)');
  await migration('0002-slow', {
    'expand.sql':
      'ALTER TABLE slow ADD COLUMN a int;\nSELECT pg_sleep(2);\nALTER TABLE slow ADD COLUMN b int;\n',
  });
  const going = start(root, ['db', 'run', 'expand', 'db/0002-slow'], { DATABASE_URL: url });
  await until('the second step is under way', () => going.said().includes('pg_sleep'));
  going.child.kill('SIGINT');
  const { code, err } = await going.finished;
  assert.equal(code, 130);
  assert.match(err, /code: migration-interrupted/);
  assert.match((await run('status')).out, /0002-slow\n\S expand +1 of 3 steps/);
  const again = await run('run', 'expand', 'db/0002-slow');
  assert.equal(again.code, 0, again.err);
  assert.match(again.out, /3 steps, 1 of them before/);
});

test('what is asked wrongly is told before anything is connected to', async () => {
  await migration('0003-x', { 'expand.sql': 'SELECT 1' });
  await mkdir(path.join(root, 'empty'));
  for (const [args, said] of [
    [['run', 'expand', 'db/0003-x'], /DATABASE_URL is not set/],
    [['run', 'expand', 'db/0003-x', '--url', 'env:NOT_THERE'], /NOT_THERE is not set/],
    [['run', 'expand', 'db/0003-x', '--url', 'mysql://root:hush@x/y'], /no address of a PostgreSQL/],
    [['run', 'expand', 'empty', '--url', 'postgres://x/y'], /empty has none of expand\.sql/],
    [['run', 'explode', 'db/0003-x'], /expected expand, backfill, undo or contract/],
  ] as const) {
    const { code, err } = await teal(root, 'db', ...args);
    assert.equal(code, 2, err);
    assert.match(err, said);
    assert(!err.includes('hush'));
  }
  const nobody = await teal(root, 'db', 'status', '--url', 'postgres://nobody:hush@127.0.0.1:1/x', '--json');
  assert.equal(nobody.code, 1);
  assert.equal((JSON.parse(nobody.out) as { error: { code: string } }).error.code, 'database-unavailable');
  assert(!nobody.out.includes('hush'));
});
