import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dumpSchema } from '../../../src/database/prove/dump.ts';
import { emptyCorpus, type Corpus } from '../../../src/database/prove/corpus.ts';
import { prove } from '../../../src/database/prove/proof.ts';
import { openShadow, type SchemaSource, type ShadowKind } from '../../../src/database/prove/shadow.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { TealError } from '../../../src/errors.ts';
import { onServers, type Server } from '../server.ts';

const parser = await loadParser();
const env = process.env;

const schema = `CREATE TYPE mood AS ENUM ('ok', 'sad');
  CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, feeling mood);
  CREATE FUNCTION shout(word text) RETURNS text LANGUAGE sql AS $$ SELECT upper(word); $$;
  CREATE VIEW sad_users AS SELECT id, shout(email) AS email FROM users WHERE feeling = 'sad';`;
const files: SchemaSource = { kind: 'files', files: [{ path: 'schema.sql', text: schema }] };

const asked = (role: string | null, ...texts: readonly string[]): Corpus => ({
  ...emptyCorpus,
  statements: texts.map((text) => ({ text, calls: 1, role, searchPath: null })),
});

interface Trial {
  readonly kind: ShadowKind;
  readonly from: SchemaSource;
  readonly live: Corpus;
  readonly migration: string;
}

/** What is told of a migration, and the notes about where it was tried. */
async function told({ kind, from, live, migration }: Trial): Promise<{ felt: string[]; notes: string }> {
  const shadow = await openShadow(parser, { kind, schema: from, env, signal: new AbortController().signal });
  try {
    const claim = { live, candidate: null, migration: [{ path: 'expand.sql', text: migration }] };
    const { parts, notes } = await prove(parser, shadow, claim);
    const felt = parts.flatMap(({ findings }) => findings.map(({ verdict, what }) => `${verdict}: ${what}`));
    return { felt, notes: notes.join('\n') };
  } finally {
    await shadow.close();
  }
}

/** The version of the pg_dump in PATH; 0: there is none. */
const dumper = Number(
  / (\d+)/.exec(spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? 0,
);

const named = ({ url }: Server, name: string): string => `${name}_${new URL(url).pathname.slice(1)}`;

onServers(
  'pg_dump brings types, functions, views and rights into the shadow, or it is told why it cannot',
  async (server) => {
    const client = await server.connect();
    const role = named(server, 'dumped');
    await client.query(schema);
    await client.query(`CREATE ROLE ${role}; GRANT SELECT ON users, sad_users TO ${role}`);
    const trial: Trial = {
      kind: { kind: 'createdb', server: { url: server.url } },
      from: { kind: 'dump', place: { url: server.url } },
      live: asked(role, 'SELECT email FROM sad_users WHERE id = $1', 'SELECT id FROM users'),
      migration: `REVOKE SELECT ON users FROM ${role}; DROP VIEW sad_users;`,
    };
    if (dumper < server.version) {
      await assert.rejects(told(trial), (error: Error & { remedy?: string }) => {
        assert.match(error.message, /^pg_dump does not give the schema of teal_\d+ at 127\.0\.0\.1/);
        assert.match(error.remedy ?? '', /as new as the server/);
        return true;
      });
    } else {
      const { felt, notes } = await told(trial);
      assert.deepEqual(felt.toSorted(), [
        'broken: permission denied for table users (42501)',
        'broken: relation "sad_users" does not exist (42P01)',
      ]);
      assert.doesNotMatch(notes, /lacks something|no role/);
    }
    const { rows } = await client.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_database WHERE datname LIKE 'teal\\_shadow%'",
    );
    assert.deepEqual(rows, [{ n: 0 }], 'the shadow is dropped either way');
    await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  },
);

onServers(
  'pg_dump waits for who changes a table no longer than there is patience, and says for which',
  async (server) => {
    const client = await server.connect();
    await client.query(schema);
    await client.query('BEGIN; LOCK TABLE users');
    const late = setTimeout(() => void client.query('COMMIT').catch(() => undefined), 15_000);
    const dumping = dumpSchema(
      { place: { url: server.url }, lockWaitMs: 300 },
      env,
      new AbortController().signal,
    );
    const [code, says] =
      dumper < server.version
        ? ['shadow-failed', /^pg_dump does not give the schema of /]
        : ['lock-not-granted', /^pg_dump got no lock within 0\.3 s to read the schema of .*: public\.users/];
    await assert.rejects(dumping, (error: unknown) => {
      assert(error instanceof TealError);
      assert.equal(error.code, code);
      assert.match(error.message, says);
      return true;
    });
    clearTimeout(late);
  },
);

onServers(
  'a given database that is empty gets the schema, one that is not is taken as it is, and both are left there',
  async (server) => {
    const client = await server.connect();
    const name = named(server, 'given');
    await client.query(`CREATE DATABASE ${name}`);
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    const trial: Trial = {
      kind: { kind: 'given', place: { url: url.href } },
      from: files,
      live: asked(null, 'SELECT email FROM users WHERE id = $1'),
      migration: 'ALTER TABLE users RENAME COLUMN email TO mail',
    };
    const first = await told(trial);
    assert.deepEqual(first.felt, ['broken: column "email" does not exist (42703)']);
    assert.doesNotMatch(first.notes, /taken as it is/);

    const second = await told({
      ...trial,
      live: asked(null, 'SELECT mail FROM users'),
      migration: 'ALTER TABLE users RENAME COLUMN mail TO address',
    });
    assert.deepEqual(
      second.felt,
      ['broken: column "mail" does not exist (42703)'],
      'as the first has left it',
    );
    assert.match(second.notes, /taken as it is/);
    await client.query(`DROP DATABASE ${name}`);
  },
);

onServers('tried in place sequences move on, rows and the schema do not', async (server) => {
  const client = await server.connect();
  await client.query(schema);
  await client.query("INSERT INTO users (email) VALUES ('real')");
  const { felt, notes } = await told({
    kind: { kind: 'in-place', place: { url: server.url } },
    from: files,
    live: asked(null, 'INSERT INTO users (email) VALUES ($1)', 'DELETE FROM users WHERE id = $1'),
    migration: "ALTER TABLE users ADD COLUMN name text NOT NULL DEFAULT ''",
  });
  assert.deepEqual(felt, []);
  assert.match(notes, /taken back/);
  const { rows } = await client.query(
    'SELECT (SELECT array_agg(users) FROM users)::text AS users, (SELECT last_value > 1 FROM users_id_seq) AS moved',
  );
  assert.deepEqual(rows, [{ users: '{"(1,real,)"}', moved: true }]);
});

onServers(
  'a statement that is too slow at first is asked again, with patience',
  async (server) => {
    const { felt } = await told({
      kind: { kind: 'createdb', server: { url: server.url } },
      from: files,
      live: asked(null, 'SELECT shout($1)', 'SELECT email FROM users'),
      migration: `CREATE OR REPLACE FUNCTION shout(word text) RETURNS text LANGUAGE plpgsql
      AS $$ BEGIN PERFORM pg_sleep(2.5); RAISE EXCEPTION 'no more'; END $$`,
    });
    assert.deepEqual(felt, ['broken: no more (P0001)']);
  },
  // Who waits for how long is Teal's, and no matter of the server.
  [18],
);

onServers(
  'an extension that only counts statements is no lack of the shadow, any other one is',
  async (server) => {
    const client = await server.connect();
    const folder = await mkdtemp(path.join(tmpdir(), 'teal-dump-'));
    const name = named(server, 'plain');
    await client.query(`CREATE ROLE ${name} LOGIN`);
    await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    url.username = name;
    // As pg_dump writes them; who is no superuser may not make them.
    const dump = `CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;
GRANT SELECT ON TABLE public.pg_stat_statements TO ${name};
REVOKE ALL ON FUNCTION public.pg_stat_statements_reset(userid oid) FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS file_fdw WITH SCHEMA public;
CREATE TABLE public.pg_stat_statements_of_ours (id integer);
GRANT SELECT ON TABLE public.pg_stat_statements_of_theirs TO ${name};`;
    await writeFile(path.join(folder, 'pg_dump'), `#!/bin/sh\n/bin/cat <<'END'\n${dump}\nEND\n`, {
      mode: 0o755,
    });
    try {
      const shadow = await openShadow(parser, {
        kind: { kind: 'given', place: { url: url.href } },
        schema: { kind: 'dump', place: { url: url.href } },
        env: { PATH: folder },
        signal: new AbortController().signal,
      });
      await shadow.close();
      const lacking = shadow.notes.filter((note) => note.includes('lacks something'));
      assert.equal(lacking.length, 2, lacking.join('; '));
      assert.match(lacking[0] ?? '', /file_fdw/);
      assert.match(lacking[1] ?? '', /pg_stat_statements_of_theirs/);
    } finally {
      await client.query(`DROP DATABASE ${name}`);
      await client.query(`DROP ROLE ${name}`);
      await rm(folder, { recursive: true });
    }
  },
  [18],
);
