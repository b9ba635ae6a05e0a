import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Facts } from '../../src/control/facts.ts';
import { Runner } from '../../src/control/runner.ts';
import type { Effect } from '../../src/release/effects.ts';
import { settle, until } from './help.ts';

const wake = (key: string): Effect => ({ kind: 'wake', key, at: 0 });

/** A runner whose effects go on until they are given up, or fail as often as told. */
function runner(fails = 0): { runner: Runner; log: string[] } {
  const log: string[] = [];
  let left = fails;
  return {
    log,
    runner: new Runner({
      perform: async (app, { key }, signal) => {
        log.push(`start ${app} ${key}`);
        if (left-- > 0) throw new Error('no');
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        log.push(`end ${app} ${key}`);
      },
      failed: (app, { key }) => log.push(`failed ${app} ${key}`),
    }),
  };
}

describe('the runner', () => {
  test('starts what is new, in the order given, leaves alone what goes on, gives up what is no longer wished for', async () => {
    const { runner: it, log } = runner();
    it.want('shop', [wake('a'), wake('b')]);
    it.want('blog', [wake('a')]);
    it.want('shop', [wake('b'), wake('c')]);
    await settle();
    assert.deepEqual(log, ['start shop a', 'start shop b', 'start blog a', 'start shop c', 'end shop a']);
    await it.close();
  });

  test('starts again what was given up and is wished for anew', async () => {
    const { runner: it, log } = runner();
    it.want('shop', [wake('a')]);
    it.want('shop', []);
    it.want('shop', [wake('a')]);
    await settle();
    assert.deepEqual(log, ['start shop a', 'start shop a', 'end shop a']);
    await it.close();
  });

  test('tries again what failed, waiting longer each time', async () => {
    const { runner: it, log } = runner(2);
    const began = performance.now();
    it.want('shop', [wake('a')]);
    await until('the third try', () => log.filter((line) => line === 'start shop a').length === 3);
    assert.ok(performance.now() - began >= 740, 'a quarter and a half of a second');
    assert.equal(log.filter((line) => line === 'failed shop a').length, 2);
    await it.close();
  });

  test('does not try again what is no longer wished for', async () => {
    const { runner: it, log } = runner(100);
    it.want('shop', [wake('a')]);
    await settle();
    it.want('shop', []);
    await sleep(400);
    assert.deepEqual(log, ['start shop a', 'failed shop a']);
  });

  test('close waits until everything has ended, and nothing starts any more', async () => {
    const { runner: it, log } = runner();
    it.want('shop', [wake('a')]);
    await it.close();
    assert.deepEqual(log, ['start shop a', 'end shop a']);
    it.want('shop', [wake('b')]);
    await settle();
    assert.equal(log.length, 2);
  });
});

describe('a fact that nobody waits for', () => {
  const fact = { type: 'tick' } as const;

  test('is told again until it is stored', async () => {
    let tries = 0;
    const submit = async (): Promise<never> => {
      tries += 1;
      if (tries < 3) throw new Error('the disk is full');
      return { events: [] } as never;
    };
    const failures: unknown[] = [];
    const facts = new Facts({ apps: { submit }, failed: (...what) => failures.push(what) });
    facts.tell('shop', fact);
    await until('it was stored', () => tries === 3);
    await facts.close();
    assert.equal(failures.length, 2);
  });

  test('is given up when Teal ends', async () => {
    const submit = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    const facts = new Facts({ apps: { submit }, failed: () => undefined });
    facts.tell('shop', fact);
    await settle();
    await facts.close();
  });
});
