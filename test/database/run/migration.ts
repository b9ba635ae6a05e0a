import assert from 'node:assert/strict';
import path from 'node:path';
import type { Client } from 'pg';
import type { Phase } from '../../../src/config/database.ts';
import type { RunEvent, RunOptions } from '../../../src/database/run/options.ts';
import { runPhase, type PhaseReport } from '../../../src/database/run/run-phase.ts';
import type { Migration } from '../../../src/database/run/step.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { TealError } from '../../../src/errors.ts';

const parser = await loadParser();

/** A migration of these files. */
export function migration(name: string, files: Partial<Record<Phase, string>>): Migration {
  const of = (phase: Phase): Migration['phases'][Phase] => {
    const sql = files[phase];
    return sql === undefined ? [] : [{ sql, file: `${phase}.sql` }];
  };
  return {
    name,
    phases: {
      expand: of('expand'),
      backfill: of('backfill'),
      undo: of('undo'),
      contract: of('contract'),
    },
  };
}

/** What it is run with, beside the migration and its phase. */
export type Running = Partial<RunOptions> & { readonly url: string };

/** Runs a phase. @returns what it did, with all that it told */
export async function run(
  running: Running,
  what: Migration,
  phase: Phase,
): Promise<PhaseReport & { readonly events: readonly RunEvent[] }> {
  const events: RunEvent[] = [];
  const report = await runPhase({
    migration: what,
    phase,
    parser,
    signal: new AbortController().signal,
    folder: path.resolve(import.meta.dirname),
    env: process.env,
    patience: { lockTimeoutMs: 100, deadlineMs: 20_000 },
    ...running,
    tell: (event) => {
      events.push(event);
      running.tell?.(event);
    },
  });
  return { ...report, events };
}

/** Events of one type. */
export function only<TYPE extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: TYPE,
): readonly Extract<RunEvent, { type: TYPE }>[] {
  return events.filter((each): each is Extract<RunEvent, { type: TYPE }> => each.type === type);
}

/** For `assert.rejects`: a TealError of that code. */
export const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    if (!(error instanceof TealError)) throw error;
    assert.equal(error.code, wanted, error.message);
    return true;
  };

export async function rowsOf(client: Client, sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await client.query<Record<string, unknown>>(sql)).rows;
}

/** Makes a table of users with names from `n1` on. */
export async function users(client: Client, rows: number): Promise<void> {
  await client.query('CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)');
  await client.query(`INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, ${rows}) i`);
}
