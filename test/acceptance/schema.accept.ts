/** One database for two versions: a column gets another name while both write it, and what only one of them knows is kept. */
import assert from 'node:assert/strict';
import { tableOf } from '../../examples/database/postgres.ts';
import { bothColumns, migration, newColumns, oldColumns, Users } from './users.ts';
import { sleep } from './until.ts';

export async function L12(): Promise<void> {
  await using users = await Users.live();
  await sleep(500);
  await forthAndUndone(users);
  await everybodyAndBack(users);
  await contracted(users);
  await users.settle();
}

/** A canary, the way back, and undo, which is refused as long as somebody needs what it takes away. */
async function forthAndUndone(users: Users): Promise<void> {
  const { world } = users;
  await users.canary();
  await sleep(1_000);
  await refused(users, 'undo', 'v2');
  await refused(users, 'contract', 'v1');
  await world.client.command('shop', 'abort', {});
  await world.reaches('v2 aborted', ({ release }) => release?.status === 'aborted');
  await sleep(500);
  await users.has(bothColumns, 'after the way back, which leaves the database as it is');
  await users.readsAll('v1');
  await world.client.command('shop', 'undo', {});
  await users.stage('undone');
  await users.has(oldColumns, 'after undo');
  await sleep(500);
}

/** Everybody on v2, with v1 warm: nothing is taken from it, and it can be gone back to. */
async function everybodyAndBack(users: Users): Promise<void> {
  const { world } = users;
  await users.canary();
  await world.client.command('shop', 'promote', { full: true });
  await world.promoted('v2');
  await refused(users, 'contract', 'v1');
  await sleep(500);
  await users.has(bothColumns, 'while v1 can be gone back to');
  await world.client.command('shop', 'rollback', {});
  await world.reaches('v1 again', ({ version, release }) => version === 'v1' && release?.ended === true);
  await users.readsAll('v1');
  await sleep(500);
}

/** The window closes, v1 goes, and then its column, by itself. */
async function contracted(users: Users): Promise<void> {
  const { world, client } = users;
  await users.window('1s');
  await users.canary();
  await world.client.command('shop', 'promote', { full: true });
  await users.stage('contracted');
  await users.has(newColumns, 'after contract');
  const { rows } = await client.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'users v1'");
  assert.equal(rows.length, 0, 'v1 is still at the database');
  const events = (await world.events()).map(({ type, data }) => {
    const { phase } = data as { readonly phase?: string };
    return phase === undefined ? type : `${type} ${phase}`;
  });
  const last = (name: string): number => events.lastIndexOf(name);
  const order = ['window-closed', 'retired', 'contract-started', 'phase-passed contract'].map(last);
  assert.ok(!order.includes(-1), `what has happened: ${events.join(', ')}`);
  assert.deepEqual(
    order,
    order.toSorted((one, two) => one - two),
    'contract comes after the old version',
  );
  await sleep(1_000);
}

async function refused({ world }: Users, command: 'undo' | 'contract', who: string): Promise<void> {
  await assert.rejects(
    world.client.command('shop', command, {}),
    new RegExp(`${who} still runs`),
    `${command} while ${who} runs`,
  );
}

export async function L13(): Promise<void> {
  await using users = await Users.live();
  const { world, client, ledger } = users;
  await users.canary();
  await world.client.command('shop', 'promote', { full: true });
  await world.promoted('v2');
  // Only v2 writes now.
  await sleep(1_500);
  await world.client.command('shop', 'rollback', {});
  await world.reaches('v1 again', ({ version, release }) => version === 'v1' && release?.ended === true);
  const kept = await users.readsAll('v1');
  // v1 writes those rows on.
  await sleep(1_000);
  await world.client.command('shop', 'undo', {});
  await users.stage('undone');
  await users.has(oldColumns, 'after undo');
  const { rows } = await client.query<{ kept: number }>(
    'SELECT count(*)::int AS kept FROM _teal.saved_0002_full_name_users',
  );
  assert.equal(rows[0]?.kept, kept, 'all that only v2 knows is kept aside');
  await sleep(1_000);
  await users.canary();
  const back = (await tableOf(client)).filter((row) => row.locale != null && ledger.agrees(row)).length;
  assert.ok(back >= kept, `${back} of ${kept} values that only v2 knows came back`);
  await users.readsAll(`both, after ${migration} was done again`);
  await world.client.command('shop', 'promote', { full: true });
  await world.promoted('v2');
  await sleep(500);
  await users.settle();
}
