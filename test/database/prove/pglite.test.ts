// A shadow database where there is no server: PGlite, in a process of its own.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { corpusOfSql } from '../../../src/database/prove/corpus-file.ts';
import { prove } from '../../../src/database/prove/proof.ts';
import { openShadow } from '../../../src/database/prove/shadow.ts';
import { startPglite } from '../../../src/database/prove/pglite.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { atEnd } from '../../at-end.ts';

test('statements are tried without any server, and what breaks them is the same', async () => {
  const parser = await loadParser();
  const text = 'CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, name text)';
  const shadow = await openShadow(parser, {
    kind: { kind: 'pglite' },
    schema: { kind: 'files', files: [{ path: 'schema.sql', text }] },
    env: process.env,
    signal: new AbortController().signal,
  });
  try {
    const proof = await prove(parser, shadow, {
      live: corpusOfSql(parser, {
        path: 'q.sql',
        text: "SELECT name FROM users; INSERT INTO users (email) VALUES ('a') ON CONFLICT (email) DO NOTHING; SELECT * FROM users WHERE id = 1",
      }),
      candidate: null,
      migration: [
        {
          path: 'expand.sql',
          text: 'ALTER TABLE users DROP COLUMN name; ALTER TABLE users DROP CONSTRAINT users_email_key',
        },
      ],
    });
    const [live] = proof.parts;
    assert.deepEqual(
      live?.findings.map(({ verdict, channel, what }) => [verdict, channel, what]),
      [
        ['broken', 'parse', 'column "name" does not exist (42703)'],
        [
          'broken',
          'plan',
          'there is no unique or exclusion constraint matching the ON CONFLICT specification (42P10)',
        ],
        ['client-visible', 'signature', 'it no longer gives name'],
      ],
    );
    assert.equal(live?.coverage.run, 3);
    assert.match(proof.notes.join('\n'), /PGlite has no roles of the app/);
  } finally {
    await shadow.close();
  }
});

test('a start that is given up ends at once, and leaves no folder', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-given-up-'));
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = folder;
  atEnd(t, async () => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
    await rm(folder, { recursive: true, force: true });
  });
  const giveUp = new AbortController();
  const starting = startPglite(giveUp.signal);
  setTimeout(() => giveUp.abort(), 100);
  await assert.rejects(starting, { code: 'migration-interrupted' });
  assert.deepEqual(await readdir(folder), []);
});
