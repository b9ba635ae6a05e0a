import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteStore } from '../../src/store/sqlite.ts';
import { atEnd } from '../at-end.ts';

/** A folder that is removed after the test. */
export async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-control-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A real event log in a folder of its own. `maxPages` makes its disk small. */
export async function openStore(t: TestContext, folder?: string, maxPages?: number): Promise<SqliteStore> {
  const file = path.join(folder ?? (await scratch(t)), 'teal.db');
  const store = await SqliteStore.open(file, maxPages === undefined ? {} : { maxPages });
  atEnd(t, () => store.close());
  return store;
}

/** Polls until the function answers something, or fails after the deadline. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  ms = 30_000,
): Promise<T> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(20);
  }
  throw new Error(`waited ${ms} ms in vain until ${what}`);
}

/** Lets everything that is ready run. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

export const forever = new AbortController().signal;
