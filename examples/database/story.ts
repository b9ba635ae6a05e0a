import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { count } from '../../src/cli/render/units.ts';
import type { AppStatus, EventView } from '../../src/control/contract.ts';
import type { Screen } from '../demo/screen.ts';
import type { Teal } from '../demo/teal.ts';
import { letIn, type Crowd, type Tally } from './crowd.ts';
import { Ledger, type Account } from './ledger.ts';
import { columnsOf, seed, tableOf, type Database } from './postgres.ts';
import { unreadable } from './sweep.ts';
import { watch, type Watch, type Watched } from './watch.ts';

/** For some hundred requests between the events of the story. */
const quietMs = 1500;
/** On a busy machine a proof alone takes half of it. */
const patienceMs = 60_000;
/** Enough that the backfill takes some batches. */
const usersBefore = 20_000;

export interface Stage {
  readonly teal: Teal;
  readonly screen: Screen;
  readonly database: Database;
  readonly signal: AbortSignal;
}

export interface Facts {
  readonly tally: Tally;
  readonly account: Account;
  readonly watched: Watched;
  /** Of those that v2 had written, rows that v1 could not read, or not rightly, when everybody was back on it. */
  readonly unreadable: number;
  /** Values that only v2 writes: when it was taken back, and how many of them were there when it came again. */
  readonly before: number;
  readonly restored: number;
  /** In the end. */
  readonly columns: readonly string[];
  /** All that Teal has written down, oldest first. */
  readonly history: readonly EventView[];
}

/** What goes on from the first request to the last one. */
interface Going extends Stage {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly crowd: Crowd;
  readonly both: Watch;
}

/** Plays the story from an empty database to a contracted one; everything but Teal and the database has ended when it resolves or rejects. */
export async function play(stage: Stage): Promise<Facts> {
  const { teal, screen, database } = stage;
  screen.part('1  v1 makes its table, and goes live');
  const url = await teal.up();
  await teal.run('deploy', 'users', 'v1', '--from', 'builds/v1', '--until', 'ready');
  await teal.run('approve', 'users', '--wait');
  const client = await database.connect();
  const both = watch(await database.connect());
  const ledger = new Ledger(await seed(client, usersBefore));
  const crowd = letIn({ url, ledger });
  screen.seen(`${count(usersBefore)} users, whom 40 people write and read from now on`);
  try {
    return await told({ ...stage, client, ledger, crowd, both });
  } finally {
    await Promise.allSettled([crowd.stop(), both.stop(), client.end()]);
  }
}

async function told(going: Going): Promise<Facts> {
  const { teal, screen, signal, client, ledger, crowd, both } = going;
  await sleep(quietMs, undefined, { signal });
  const { unread, before } = await canaryAndBack(going);
  await undone(going);
  const restored = await again(going, before);
  const columns = await contracted(going);
  const tally = await crowd.stop();
  const watched = await both.stop();
  const account = ledger.account(await tableOf(client));
  screen.seen(
    `${count(account.writes)} writes were acknowledged, and ${count(account.lost)} of them are not there`,
  );
  const history = await teal.history('users');
  return { tally, account, watched, unreadable: unread, before: before.size, restored, columns, history };
}

/** @returns rows that v1 cannot read afterwards, and the values that v1 knows nothing of */
async function canaryAndBack(going: Going) {
  const { teal, screen, client, ledger, crowd, both } = going;
  screen.part('2  v2 calls `name` `full_name`: expand, backfill, then two people in five');
  await teal.run('deploy', 'users', 'v2', '--from', 'builds/v2', '--until', 'ready');
  screen.seen(
    `${count(both.seen.unfilled)} rows filled; both columns compared ${both.seen.looks} times, ${both.seen.divergent} rows differed`,
  );
  screen.part('3  And back: traffic only, the database is left as it is');
  await teal.run('rollback', 'users', '--wait');
  await tell(going);
  const before = await localised(client);
  const unread = await unreadable(crowd, ledger, ledger.localised);
  screen.seen(
    `v1 reads what v2 has written: ${count(ledger.localised.length)} rows, ${unread} of them not rightly`,
  );
  return { unread, before };
}

async function undone(going: Going): Promise<void> {
  const { teal, screen, signal, client } = going;
  screen.part('4  The database as it was before; what only v2 knows is kept aside');
  await teal.run('db', 'undo', 'users');
  await until(going, 'undo', (columns) => !columns.includes('full_name'));
  screen.seen(`columns: ${(await columnsOf(client)).join(', ')}`);
  await sleep(quietMs, undefined, { signal });
}

/** @returns how many of the values of before are there when v2 is */
async function again(going: Going, before: ReadonlySet<string>): Promise<number> {
  const { teal, screen, ledger, client } = going;
  screen.part('5  v2 again: what was kept comes back, and everybody goes there');
  await teal.run('deploy', 'users', 'v2', '--until', 'ready');
  // As kept, or as somebody has written it on v2 since.
  const rows = (await tableOf(client)).filter((row) => before.has(row.email));
  const restored = rows.filter((row) => row.locale != null && ledger.agrees(row)).length;
  screen.seen(`${count(restored)} of ${count(before.size)} values that only v2 knows are back`);
  await teal.run('approve', 'users', '--wait');
  return restored;
}

async function contracted(going: Going): Promise<readonly string[]> {
  const { screen, signal, client } = going;
  screen.part('6  The window closes, v1 is gone, and contract runs by itself');
  await until(going, 'contract', (columns) => !columns.includes('name'));
  const columns = await columnsOf(client);
  screen.seen(`columns: ${columns.join(', ')}`);
  await sleep(quietMs, undefined, { signal });
  await tell(going);
  return columns;
}

async function until(
  { client, teal, signal }: Going,
  what: string,
  holds: (columns: readonly string[]) => boolean,
): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
    if (holds(await columnsOf(client))) return;
    await sleep(50, undefined, { signal });
  }
  const { migration } = await teal.ask<AppStatus>('status', 'users');
  throw new Error(`${what} has not run: ${migration?.failed?.message ?? migration?.says}`);
}

/** Whose row has a value that only v2 writes. */
async function localised(client: Client): Promise<ReadonlySet<string>> {
  const rows = await tableOf(client);
  return new Set(rows.flatMap(({ email, locale }) => (locale == null ? [] : [email])));
}

async function tell({ screen, crowd }: Going): Promise<void> {
  const { sent, failed, versions } = crowd.tally;
  const who = Object.entries(versions).map(([version, answers]) => `${version} ${count(answers)}`);
  screen.seen(`${count(sent)} requests (${who.join(' ')}), ${count(failed)} failed`);
}
