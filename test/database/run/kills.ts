// Phases of one migration, killed again and again on their way: by the test at some points, by the script at all of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Client } from 'pg';
import type { Phase } from '../../../src/config/database.ts';
import { migration, rowsOf, run } from './migration.ts';
import type { Victim } from './victim.ts';

/** Each statement leaves a row, so that one that runs twice is seen. */
const files: Partial<Record<Phase, string>> = {
  expand: `BEGIN; ALTER TABLE users ADD COLUMN level int; INSERT INTO ran VALUES ('expand 1'); COMMIT;
    CREATE INDEX CONCURRENTLY users_level ON users (level);
    INSERT INTO ran VALUES ('expand 3');`,
  backfill: 'UPDATE users SET n = n + 1, level = id; SELECT count(*) FROM users WHERE level IS NULL',
  undo: "BEGIN; INSERT INTO ran VALUES ('undo'); ALTER TABLE users DROP COLUMN level; COMMIT;",
  contract:
    "BEGIN; INSERT INTO ran VALUES ('contract'); ALTER TABLE users DROP COLUMN name; COMMIT; DROP INDEX CONCURRENTLY users_level;",
};

interface Killed {
  /** The points it came to that nobody had come to before; it was killed at the last one. */
  readonly points: readonly string[];
  readonly signal: string | null;
}

/** Each process loads the same scripts: reading them anew is two thirds of what one takes. */
const compiled = path.join(import.meta.dirname, '../../../node_modules/.cache/teal-victims');

/** Runs a phase in a process that kills itself. @throws Error when it failed by itself */
export function killed(victim: Victim): Promise<Killed> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [path.join(import.meta.dirname, 'victim.ts'), JSON.stringify(victim)],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_COMPILE_CACHE: compiled } },
    );
    let told = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const points = told.split('\n').filter((point) => point !== '');
      if (code === 0 || signal === 'SIGKILL') resolve({ points, signal });
      else reject(new Error(`${code}: ${said}`));
    });
  });
}

interface Course {
  readonly url: string;
  /** Points that are passed between two kills; 0: killed at each. */
  readonly pass: number;
}

/** Kills a process on its way through a phase, until one comes to its end. @returns where */
async function killThrough({ url, pass }: Course, phase: Phase): Promise<readonly string[]> {
  const survived: string[] = [];
  const at: string[] = [];
  for (;;) {
    const { points, signal } = await killed({ url, name: 'm', files, phase, survived, pass });
    if (signal === null) return at;
    survived.push(...points);
    at.push(`${phase} ${points.at(-1)}`);
    assert(at.length < 40, at.join());
  }
}

/** All four phases, and expand and backfill again after undo; then everything has to be there once. @returns where it was killed */
export async function killOnAllWays(client: Client, course: Course): Promise<readonly string[]> {
  await client.query(
    'CREATE TABLE users (id int PRIMARY KEY, name text, n int DEFAULT 0); CREATE TABLE ran (what text)',
  );
  await client.query("INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, 600) i");
  const at: string[] = [];
  for (const phase of ['expand', 'backfill', 'undo'] as const) at.push(...(await killThrough(course, phase)));
  for (const phase of ['expand', 'backfill'] as const)
    await run({ url: course.url }, migration('m', files), phase);
  at.push(...(await killThrough(course, 'contract')));
  assert.deepEqual(await rowsOf(client, 'SELECT what, count(*)::int AS n FROM ran GROUP BY 1 ORDER BY 1'), [
    { what: 'contract', n: 1 },
    { what: 'expand 1', n: 2 },
    { what: 'expand 3', n: 2 },
    { what: 'undo', n: 1 },
  ]);
  assert.deepEqual(
    await rowsOf(
      client,
      'SELECT min(n), max(n), count(*)::int AS rows, count(level)::int AS filled FROM users',
    ),
    [{ min: 2, max: 2, rows: 600, filled: 600 }],
  );
  assert.deepEqual(
    await rowsOf(client, "SELECT FROM pg_index WHERE indrelid = 'users'::regclass AND NOT indisprimary"),
    [],
  );
  return at;
}
