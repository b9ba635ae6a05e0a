import assert from 'node:assert/strict';
import { emptyCorpus, type Corpus } from '../../../src/database/prove/corpus.ts';
import { corpusOfSql } from '../../../src/database/prove/corpus-file.ts';
import { runChecks } from '../../../src/database/prove/checks.ts';
import { prove, type Part } from '../../../src/database/prove/proof.ts';
import { openShadow, type ShadowKind } from '../../../src/database/prove/shadow.ts';
import { connect } from '../../../src/database/prove/session.ts';
import { splitFiles, splitMigration } from '../../../src/database/prove/split.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { onServers, type Server } from '../server.ts';
// In one process, so that each server is started once for all.
import './interrupt.tests.ts';
import './shadow.tests.ts';

const parser = await loadParser();

const schema = `CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL DEFAULT '', age int);
  CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users (id), total numeric NOT NULL DEFAULT 0);`;
const old = `SELECT id, email, name FROM users WHERE id = 1;
  SELECT * FROM users;
  INSERT INTO users (email, name) VALUES ('a', 'b') RETURNING id;
  UPDATE users SET name = 'x' WHERE created > interval '1 day';
  SELECT sum(total) FROM orders WHERE user_id = 1`;

const statements = (text: string): Corpus => corpusOfSql(parser, { path: 'q.sql', text });
const files = (all: Readonly<Record<string, string>>) =>
  Object.entries(all).map(([path, text]) => ({ path, text }));

interface Asked {
  readonly live?: Corpus;
  readonly candidate?: Corpus;
  readonly migration: Readonly<Record<string, string>>;
  readonly kind?: ShadowKind;
  /** What is there beside the usual tables. */
  readonly there?: string;
}

async function proven(server: Server, asked: Asked): Promise<readonly Part[]> {
  const shadow = await openShadow(parser, {
    kind: asked.kind ?? { kind: 'createdb', server: { url: server.url } },
    schema: { kind: 'files', files: files({ 'schema.sql': schema + (asked.there ?? '') }) },
    env: process.env,
    signal: new AbortController().signal,
  });
  try {
    const { parts } = await prove(parser, shadow, {
      live: asked.live ?? null,
      candidate: asked.candidate ?? null,
      migration: files(asked.migration),
    });
    return parts;
  } finally {
    await shadow.close();
  }
}

const told = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap(({ of, schema: on, findings }) =>
    findings.map(({ verdict, what }) => `${of} ${on} ${verdict}: ${what}`),
  );

async function databases(server: Server): Promise<readonly string[]> {
  const client = await server.connect();
  const { rows } = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE datname LIKE 'teal\\_shadow%'",
  );
  return rows.map(({ datname }) => datname);
}

onServers('a rename in one step breaks the live version, in four phases it breaks nobody', async (server) => {
  const candidate = statements(
    'SELECT id, full_name FROM users WHERE id = 1; UPDATE users SET full_name = $1',
  );
  const atOnce = await proven(server, {
    live: statements(old),
    candidate,
    migration: { 'expand.sql': 'ALTER TABLE users RENAME COLUMN name TO full_name' },
  });
  assert.match(told(atOnce).join('\n'), /^live expanded broken: column "name" does not exist \(42703\)/);
  assert(!told(atOnce).some((line) => line.startsWith('candidate')));
  const [live] = atOnce;
  assert.deepEqual(live?.coverage, { statements: 5, proven: 4, calls: 5, provenCalls: 4, run: 4, beside: 0 });
  assert.match(live?.unproven[0]?.why ?? '', /column "created" does not exist \(42703\)/);

  const phased = await proven(server, {
    live: statements(old),
    candidate,
    migration: {
      'expand.sql': 'ALTER TABLE users ADD COLUMN full_name text',
      'contract.sql': 'ALTER TABLE users DROP COLUMN name',
    },
  });
  assert.deepEqual(
    phased.map(({ of, schema: on, findings }) => [of, on, findings.map(({ verdict }) => verdict)]),
    [
      ['live', 'expanded', ['client-visible']],
      ['candidate', 'expanded', []],
      ['candidate', 'contracted', []],
    ],
  );
  assert.deepEqual(await databases(server), [], 'shadow databases are dropped');
});

onServers(
  'a candidate that needs what only contract makes, or that contract breaks, is found',
  async (server) => {
    const parts = await proven(server, {
      candidate: statements('SELECT nickname FROM users; SELECT age FROM users'),
      migration: {
        'contract.sql': 'ALTER TABLE users ADD COLUMN nickname text; ALTER TABLE users DROP COLUMN age',
      },
    });
    assert.deepEqual(told(parts), [
      'candidate expanded broken: column "nickname" does not exist (42703), which the expanded schema does not have',
      'candidate contracted broken: column "age" does not exist (42703)',
    ]);
  },
);

onServers(
  'rows that are in the way are counted in the database itself, where synthetic rows are in the way they go',
  async (server) => {
    const client = await server.connect();
    await client.query(schema);
    await client.query("INSERT INTO users (email, age) VALUES ('a', -1), ('b', -2), ('c', 3)");
    const parts = await proven(server, {
      live: statements("INSERT INTO users (email, age) VALUES ('a', 5)"),
      migration: { 'expand.sql': 'ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 100)' },
    });
    const session = await connect({ url: server.url });
    const [part] = await runChecks(session, parts);
    await session.close();
    assert.deepEqual(
      part?.findings.map(({ verdict, what, rows }) => [verdict, what, rows]),
      [['risk', 'users has the new constraint grown: CHECK ((age > 100))', 3]],
    );
  },
);

onServers('tried in place, nothing is left behind and rights are those of the role', async (server) => {
  const client = await server.connect();
  await client.query(schema);
  const role = `reader_${new URL(server.url).pathname.slice(1)}`;
  await client.query(`CREATE ROLE ${role}; GRANT SELECT ON users TO ${role}`);
  const corpus: Corpus = {
    ...emptyCorpus,
    statements: [{ text: 'SELECT id FROM users', calls: 3, role: role, searchPath: null }],
  };
  const parts = await proven(server, {
    live: corpus,
    migration: {
      'expand.sql': `BEGIN; REVOKE SELECT ON users FROM ${role}; CREATE TABLE extra (a int); COMMIT`,
    },
    kind: { kind: 'in-place', place: { url: server.url } },
  });
  assert.deepEqual(told(parts), ['live expanded broken: permission denied for table users (42501)']);
  const { rows } = await client.query("SELECT to_regclass('extra') AS there, count(*)::int AS n FROM users");
  assert.deepEqual(rows, [{ there: null, n: 0 }]);
});

onServers(
  'constraints are told by what becomes of a statement: always refused, refused already, or refused once somebody refers to its row',
  async (server) => {
    const inserts = statements(
      'INSERT INTO users (email) VALUES (1); INSERT INTO users (email, age) VALUES (1, 2)',
    );
    const check = 'ALTER TABLE users ADD CONSTRAINT aged CHECK (age IS NOT NULL) NOT VALID;';
    const left = await proven(server, { live: inserts, migration: { 'expand.sql': check } });
    assert.equal(told(left)[0], 'live expanded broken: aged refuses rows without users.age');
    assert(
      !told(left)
        .slice(1)
        .some((line) => line.includes('broken')),
    );
    const again = await proven(server, {
      live: inserts,
      there: check,
      migration: { 'expand.sql': 'ALTER TABLE users ALTER COLUMN age SET NOT NULL' },
    });
    assert.deepEqual(told(again), []);
    const refers = await proven(server, {
      live: statements('DELETE FROM users WHERE id = 1; INSERT INTO orders (user_id) VALUES (1)'),
      migration: {
        'expand.sql': `ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey,
          ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
          CREATE TABLE carts (user_id int REFERENCES users (id)); CREATE TABLE likes (user_id int REFERENCES users (id) ON DELETE CASCADE)`,
      },
    });
    assert.deepEqual(told(refers).toSorted(), [
      'live expanded client-visible: carts_user_id_fkey: a row that the new carts refers to cannot be deleted',
      'live expanded client-visible: orders_user: deleting a row that orders refers to changes rows there',
    ]);
  },
  // The catalog says the same in all versions.
  [18],
);

onServers('a migration that fails is told with its statement, and its shadow is dropped', async (server) => {
  await assert.rejects(
    proven(server, { live: statements(old), migration: { 'expand.sql': 'ALTER TABLE nowhere ADD a int' } }),
    /expand\.sql fails on the shadow database: relation "nowhere" does not exist/,
  );
  assert.deepEqual(await databases(server), []);
});

onServers('an ordinary migration is sorted by what the live version feels', async (server) => {
  const client = await server.connect();
  await client.query(schema);
  const session = await connect({ url: server.url });
  const text = `BEGIN;
    ALTER TABLE orders ADD COLUMN note text;
    CREATE INDEX CONCURRENTLY orders_note ON orders (note);
    UPDATE orders SET note = '';
    ALTER TABLE users DROP COLUMN age;
    ALTER TABLE users RENAME COLUMN name TO full_name;
    CREATE INDEX users_full_name ON users (full_name);
    ALTER TABLE users ADD CONSTRAINT users_age CHECK (id > 0);
    COMMIT;`;
  const live = statements(
    'SELECT age, name FROM users; SELECT id FROM orders; INSERT INTO users (email, name) VALUES (1, 2)',
  );
  const sorted = await splitMigration(parser, { path: 'm.sql', text }, { session, live });
  assert.deepEqual(
    sorted.map(({ sql, phase, instead }) => [sql.slice(0, 34), phase, instead]),
    [
      ['ALTER TABLE orders ADD COLUMN note', 'expand', null],
      ['CREATE INDEX CONCURRENTLY orders_n', 'expand', null],
      ["UPDATE orders SET note = ''", 'backfill', null],
      ['ALTER TABLE users DROP COLUMN age', 'contract', 'teal db new drop column users.age'],
      ['ALTER TABLE users RENAME COLUMN na', 'contract', 'teal db new rename-column users.name full_name'],
      ['CREATE INDEX users_full_name ON us', 'contract', null],
      ['ALTER TABLE users ADD CONSTRAINT u', 'contract', null],
    ],
  );
  assert.match(sorted[5]?.why ?? '', /needs what waits for contract: column "full_name" does not exist/);
  const { expand, contract } = splitFiles(sorted);
  assert.match(expand, /^ALTER TABLE orders ADD COLUMN note text;\n\nCREATE INDEX CONCURRENTLY/);
  assert.match(
    contract,
    /-- Instead: teal db new rename-column users\.name full_name\nALTER TABLE users RENAME/,
  );
  const { rows } = await client.query(
    "SELECT count(*)::int AS n FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'",
  );
  assert.deepEqual(rows, [{ n: 1 }], 'what was tried is taken back');
  await session.close();
});
