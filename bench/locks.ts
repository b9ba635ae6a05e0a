/**
 * How long do readers stand behind a schema change that itself waits for a long reader? By the server's own log of waits for locks,
 * with the executor's lock_timeout and retries, and beside it a plain ALTER TABLE.
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { runPhase } from '../src/database/run/run-phase.ts';
import { pauseBefore, usualPatience } from '../src/database/run/patience.ts';
import { loadParser } from '../src/database/sql/parser.ts';
import { startPostgres } from '../test/store/postgres-server.ts';
import { machine, saveRun } from './lib/results.ts';

const { values: flags } = parseArgs({ options: { tries: { type: 'string', default: '20' } } });
const tries = Number(flags.tries);
/** The long reader: as long as a report that nobody thought about. */
const readerSeconds = 3;
const readers = 4;
/** What is allowed beside the lock_timeout: the server's timers, and getting the lock when it is free. */
const allowanceMs = 100;

let log = '';
const server = await startPostgres({
  version: 18,
  // Waits longer than deadlock_timeout are logged, with how long they took.
  settings: { log_lock_waits: 'on', deadlock_timeout: '10ms' },
  log: (text) => {
    log += text;
  },
});
const url = await server.database();
const parser = await loadParser();

async function connect(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  await client.connect();
  return client;
}

/** Waits of readers that the server has told since a place in its log, in milliseconds. */
function waits(from: number): readonly number[] {
  const found = log
    .slice(from)
    .matchAll(/acquired AccessShareLock on relation \d+ of database \d+ after ([\d.]+) ms/g);
  return [...found].map(([, ms]) => Number(ms));
}

const admin = await connect('bench');
await admin.query('CREATE TABLE users (id int PRIMARY KEY, name text)');
await admin.query("INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, 10000) i");

let reading = true;
let reads = 0;
const going = await Promise.all(
  Array.from({ length: readers }, async () => {
    const client = await connect('reader');
    return async (): Promise<void> => {
      while (reading) {
        await client.query('SELECT name FROM users WHERE id = 7');
        reads += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await client.end();
    };
  }),
);
const ended = Promise.all(going.map((each) => each()));
const long = await connect('report');

interface Attempt {
  /** Of the waits of readers, in milliseconds. */
  readonly worst: number;
  /** Milliseconds until the change was there. */
  readonly took: number;
}

/** One change behind one long reader. */
async function attempt(change: () => Promise<unknown>): Promise<Attempt> {
  const begin = log.length;
  const reader = long.query('SELECT count(*), pg_sleep($1) FROM users', [readerSeconds]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const startedAt = performance.now();
  await change();
  const took = performance.now() - startedAt;
  await reader;
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { worst: Math.max(0, ...waits(begin)), took };
}

const plain: number[] = [];
for (let index = 0; index < 3; index++)
  plain.push((await attempt(() => admin.query(`ALTER TABLE users ADD COLUMN p${index} int`))).worst);

/** The same lock_timeout and pauses in one message each: what of the waits is the server's and the machine's own. */
async function bare(sql: string): Promise<void> {
  for (let failed = 1; ; failed++) {
    try {
      await admin.query(`BEGIN; SET LOCAL lock_timeout = ${usualPatience.lockTimeoutMs}; ${sql}; COMMIT`);
      return;
    } catch {
      await admin.query('ROLLBACK');
      await new Promise((resolve) => setTimeout(resolve, pauseBefore(failed, Math.random())));
    }
  }
}

async function teal(index: number): Promise<void> {
  const migration = {
    name: `m${index}`,
    phases: {
      expand: [{ sql: `ALTER TABLE users ADD COLUMN c${index} int`, file: 'expand.sql' }],
      backfill: [],
      undo: [],
      contract: [],
    },
  };
  const signal = new AbortController().signal;
  await runPhase({
    url,
    migration,
    phase: 'expand',
    parser,
    signal,
    tell: () => undefined,
    folder: tmpdir(),
    env: {},
  });
}

// In turn, since a machine is not the same one minute later.
const runs: Attempt[] = [];
const placebo: Attempt[] = [];
for (let index = 0; index < tries; index++) {
  const beside = await attempt(() => bare(`ALTER TABLE users ADD COLUMN b${index} int`));
  const run = await attempt(() => teal(index));
  placebo.push(beside);
  runs.push(run);
  console.log(
    `try ${index + 1}: readers waited ${run.worst.toFixed(0)} ms at most (placebo ${beside.worst.toFixed(0)}), ` +
      `the change took ${(run.took / 1000).toFixed(1)} s (placebo ${(beside.took / 1000).toFixed(1)})`,
  );
}
reading = false;
await ended;
await Promise.all([long.end(), admin.end()]);
await server.stop();

function quantile(of: readonly Attempt[], share: number): number {
  const worst = of.map((each) => each.worst).toSorted((one, two) => one - two);
  return worst[Math.min(worst.length - 1, Math.ceil(worst.length * share) - 1)] ?? Infinity;
}

const say = (of: readonly Attempt[]): string =>
  `median ${quantile(of, 0.5).toFixed(0)} ms, p95 ${quantile(of, 0.95).toFixed(0)} ms, most ${quantile(of, 1).toFixed(0)} ms`;
const goal = usualPatience.lockTimeoutMs + allowanceMs;
/** A plain ALTER TABLE keeps readers waiting as long as the long reader reads: a log that does not tell that tells nothing. */
const heard = Math.min(...plain) > (readerSeconds * 1000) / 2;
const passed = quantile(runs, 0.95) <= goal && reads > 100 && heard;
console.log(
  `\nlongest wait of a reader behind a reader of ${readerSeconds} s, ${runs.length} tries, ${reads} reads\n` +
    `  teal db run: ${say(runs)} (goal: p95 ≤ ${goal} ms)\n` +
    `  placebo, bare ALTER TABLE with the same lock_timeout, in turn: ${say(placebo)}\n` +
    `  plain ALTER TABLE: ${plain.map((ms) => ms.toFixed(0)).join(', ')} ms${heard ? '' : ', which is less than its reader takes: the log was not read'}\n${passed ? 'passed' : 'FAILED'}`,
);
if (runs.length >= 20)
  console.log(
    await saveRun('locks', new Date(), { machine: machine(), goal, runs, placebo, plain, reads, passed }),
  );
process.exitCode = passed ? 0 : 1;
