import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { StoredEvent } from '../../src/store/store.ts';
import { installSqlite } from './installation.ts';

const rounds = 10;

interface Acknowledged {
  readonly version: number;
  readonly generations: readonly number[];
}

/** Lets a process append, kills it `ms` after its first acknowledgement, and returns what it had said by then. */
async function appendUntilKilled(file: string, ms: number): Promise<Acknowledged> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await wait(ms);
  child.kill('SIGKILL');
  await closed;
  // What follows the last line break is an acknowledgement cut in half: none.
  const lines = said.split('\n').slice(0, -1);
  const numbers = lines.map((line) => line.split(' ').map(Number));
  return { version: numbers.at(-1)?.[0] ?? 0, generations: numbers.map((pair) => pair[1] ?? 0) };
}

function wholeBatches(events: readonly StoredEvent[]): boolean {
  const counts = new Map<string, { size: number; seen: number }>();
  for (const { data } of events) {
    const { batch, size } = data as { batch: string; size: number };
    const entry = counts.get(batch) ?? { size, seen: 0 };
    counts.set(batch, { size, seen: entry.seen + 1 });
  }
  return [...counts.values()].every(({ size, seen }) => size === seen);
}

test('kill -9 at any moment loses no acknowledged event, leaves none by half and repeats no generation', async (t) => {
  const installation = await installSqlite();
  t.after(() => installation.remove());
  const generations: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const acknowledged = await appendUntilKilled(installation.file, Math.random() * 60);
    assert.ok(acknowledged.version > 0, 'it appended nothing');
    // Of the shared memory nothing is needed: it is gone after a crash of the machine.
    if (round % 2 === 1) await rm(`${installation.file}-shm`);
    const store = await installation.open();
    const events = await store.read('shop');
    generations.push(...acknowledged.generations, await store.nextGeneration());
    await store.close();
    assert.deepEqual(
      events.map(({ version }) => version),
      events.map((_, index) => index + 1),
    );
    assert.ok(events.length >= acknowledged.version, `${events.length} of ${acknowledged.version}`);
    assert.ok(wholeBatches(events));
  }
  assert.equal(new Set(generations).size, generations.length);
});

test('a write-ahead log that has lost its end is refused: acknowledged events would be missing', async (t) => {
  const installation = await installSqlite();
  t.after(() => installation.remove());
  await appendUntilKilled(installation.file, 30);
  const wal = `${installation.file}-wal`;
  // Some transactions: the last one may have been on its way.
  await truncate(wal, Math.floor((await stat(wal)).size / 2));
  await assert.rejects(installation.open(), {
    code: 'store-unreadable',
    message: /had been acknowledged/,
  });
  await rm(wal);
  await assert.rejects(installation.open(), { code: 'store-unreadable' });
});
