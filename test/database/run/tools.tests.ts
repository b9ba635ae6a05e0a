// Commands of other tools as phases.
import assert from 'node:assert/strict';
import type { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { code, migration, only, rowsOf, run, users } from './migration.ts';

onServers(
  'a command of another tool gets the database and a short lock_timeout, and is run again when it got no lock',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const holder = await connect();
    await holder.query('BEGIN; SELECT FROM users');
    const script = `const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: process.env.DATABASE_URL });
    await client.connect();
    try { await client.query('ALTER TABLE users ADD COLUMN IF NOT EXISTS ' + process.env.TEAL_PHASE + ' int'); }
    catch (error) { console.error(error.message); process.exitCode = 1; }
    await client.end();`;
    const command = `"${process.execPath}" --input-type=module -e "${script.replaceAll('\n', ' ').replaceAll('"', '\\"')}"`;
    const hooked = {
      ...migration('m', {}),
      phases: {
        ...migration('m', {}).phases,
        expand: [{ run: command }],
        backfill: [{ run: 'echo no; exit 3' }],
      },
    };
    const { events } = await run(
      {
        url,
        tell: ({ type }) => {
          if (type === 'waiting') void holder.query('COMMIT').catch(() => undefined);
        },
      },
      hooked,
      'expand',
    );
    assert(only(events, 'waiting').length >= 1);
    assert.match(only(events, 'output')[0]?.line ?? '', /lock timeout/);
    assert.deepEqual(await rowsOf(client, 'SELECT expand FROM users LIMIT 1'), [{ expand: null }]);
    await assert.rejects(run({ url }, hooked, 'backfill'), (error: unknown) => {
      code('migration-failed')(error);
      assert.equal((error as TealError).details['output'], 'no\n');
      return true;
    });
    // As its error says: corrected, it goes on.
    const corrected = { ...hooked, phases: { ...hooked.phases, backfill: [{ run: 'echo yes' }] } };
    assert.equal((await run({ url }, corrected, 'backfill')).ran, 1);
  },
  // What is told to a program, and what it answers, is no matter of the server.
  [18],
);
