/**
 * kill -9 at everything that the phases of a migration tell, on PostgreSQL 18: what runs next goes on from there, and does nothing twice.
 *
 *   npm run acceptance:kills             at every point, half a minute
 *   npm run acceptance:kills -- --quick  at every third
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../../store/postgres-server.ts';
import { killOnAllWays } from './kills.ts';

const { values: flags } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const server = await startPostgres({ version: 18 });
try {
  const url = await server.database();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const at = await killOnAllWays(client, { url, pass: flags.quick ? 2 : 0 });
    assert(at.length >= (flags.quick ? 6 : 30), `only ${at.length} points`);
    console.log(`killed at ${at.length} points, and everything was done once:\n  ${at.join('\n  ')}`);
  } finally {
    await client.end();
  }
} finally {
  await server.stop();
}
