// A proof that is ended in the middle, by whoever has begun it or by force, and what becomes of its database.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Client } from 'pg';
import { emptyCorpus } from '../../../src/database/prove/corpus.ts';
import { prove } from '../../../src/database/prove/proof.ts';
import { openShadow, type SchemaSource, type Shadow } from '../../../src/database/prove/shadow.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { atEnd } from '../../at-end.ts';
import { until } from '../../control/help.ts';
import { onServers, type Server } from '../server.ts';

const parser = await loadParser();
const env = process.env;
const forever = new AbortController().signal;

const files = (text: string): SchemaSource => ({ kind: 'files', files: [{ path: 'schema.sql', text }] });
const users = 'CREATE TABLE users (id serial PRIMARY KEY, email text);';
/** Longer than any test waits. */
const endless = 'SELECT pg_sleep(600);';
const interrupted = { code: 'migration-interrupted' };

const shadows = async (client: Client): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(
    "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'teal\\_shadow\\_%' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
};

/** Sessions of proofs, and what they do. */
const sessions = async (client: Client, doing = '%'): Promise<number> => {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE application_name = 'teal db prove' AND query LIKE $1 AND ($1 = '%' OR state = 'active')`,
    [doing],
  );
  return rows[0]?.n ?? 0;
};

const asleep = (client: Client): Promise<unknown> =>
  until('it is under way', async () => (await sessions(client, '%pg_sleep(600)%')) > 0);

const open = (server: Server, schema: string, signal: AbortSignal): Promise<Shadow> =>
  openShadow(parser, {
    kind: { kind: 'createdb', server: { url: server.url } },
    schema: files(schema),
    env,
    signal,
  });

onServers('a proof that is interrupted ends soon, and leaves nothing', async (server) => {
  const client = await server.connect();
  const giveUp = new AbortController();
  const shadow = await open(server, users, giveUp.signal);
  assert.equal((await shadows(client)).length, 1);
  const live = {
    ...emptyCorpus,
    statements: [{ text: 'SELECT email FROM users', calls: 1, role: null, searchPath: null }],
  };
  const claim = { live, candidate: null, migration: [{ path: 'expand.sql', text: endless }] };
  const proving = assert.rejects(prove(parser, shadow, claim), interrupted);
  await asleep(client);
  giveUp.abort();
  await proving;
  assert.deepEqual(await shadow.close(), []);
  assert.deepEqual(await shadows(client), []);
  await until('nobody is connected', async () => (await sessions(client)) === 0);
});

onServers('so does one whose schema is still being made, and one in the database itself', async (server) => {
  const client = await server.connect();
  const making = new AbortController();
  const opening = assert.rejects(open(server, endless, making.signal), interrupted);
  await asleep(client);
  making.abort();
  await opening;
  assert.deepEqual(await shadows(client), []);

  await client.query(users);
  const trying = new AbortController();
  const shadow = await openShadow(parser, {
    kind: { kind: 'in-place', place: { url: server.url } },
    schema: null,
    env,
    signal: trying.signal,
  });
  await shadow.session.query('LOCK TABLE users');
  const asking = assert.rejects(shadow.session.query(endless), interrupted);
  await asleep(client);
  trying.abort();
  await asking;
  await shadow.close();
  await client.query("SET lock_timeout = '20s'");
  await client.query('SELECT FROM users');
  await until('nobody is connected', async () => (await sessions(client)) === 0);
  await assert.rejects(open(server, users, AbortSignal.abort()), interrupted);
});

/** The command itself, in a process of its own that is in the middle of a migration. */
async function command(t: TestContext, { url }: Server, client: Client): Promise<ChildProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-prove-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  await mkdir(path.join(folder, 'db'));
  await writeFile(path.join(folder, 'db/expand.sql'), endless);
  await writeFile(path.join(folder, 'schema.sql'), users);
  await writeFile(path.join(folder, 'queries.sql'), 'SELECT email FROM users;');
  const given = ['--schema', 'schema.sql', '--corpus', 'queries.sql', '--shadow', 'createdb'];
  const main = path.join(import.meta.dirname, '../../../src/cli/main.ts');
  const child = spawn(process.execPath, [main, 'db', 'prove', 'db', ...given], {
    cwd: folder,
    env: { ...env, DATABASE_URL: url },
    stdio: 'ignore',
  });
  atEnd(t, () => void child.kill('SIGKILL'));
  await asleep(client);
  return child;
}

onServers(
  'Ctrl-C of the command drops the shadow; what one that was killed has left the next proof drops, and nothing else',
  async (server, t) => {
    const client = await server.connect();
    const polite = await command(t, server, client);
    assert.equal((await shadows(client)).length, 1);
    polite.kill('SIGINT');
    assert.deepEqual(await once(polite, 'exit'), [130, null]);
    assert.deepEqual(await shadows(client), []);

    const killed = await command(t, server, client);
    const [left = ''] = await shadows(client);
    const whose = 'teal_shadow_0123456789abcdef';
    await client.query(`CREATE DATABASE ${whose}`);
    const kept = 'teal_shadow_fedcba9876543210';
    await client.query(`CREATE DATABASE ${kept}`);
    await client.query(`COMMENT ON DATABASE ${kept} IS 'Teal tries statements here, and drops it: ${left}'`);
    const other = await open(server, users, forever);
    await other.session.close();
    const others = (await shadows(client)).filter((each) => ![left, whose, kept].includes(each));
    assert.equal(others.length, 1, 'somebody is at work in that one');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await until('the next has dropped it', async () => {
      await (await open(server, users, forever)).close();
      return !(await shadows(client)).includes(left);
    });
    assert.deepEqual(await shadows(client), [whose, kept, ...others].toSorted());
    await other.close();
    await client.query(`DROP DATABASE ${whose}`);
    await client.query(`DROP DATABASE ${kept}`);
    assert.deepEqual(await shadows(client), []);
  },
  // Who connects, and is gone, is told by every server alike; processes of our own take their time.
  [18],
);

onServers(
  'a shadow that cannot be dropped is told, and every connection is closed all the same',
  async (server) => {
    const client = await server.connect();
    const shadow = await open(server, users, forever);
    const [name = ''] = await shadows(client);
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
    assert.match((await shadow.close()).join(), new RegExp(`${name} stays: cannot drop a template database`));
    await until('nobody is connected', async () => (await sessions(client)) === 0);
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE false`);
    assert.deepEqual(await (await open(server, users, forever)).close(), []);
    assert.deepEqual(await shadows(client), []);
  },
);
