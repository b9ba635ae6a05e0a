import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { AccessLogConfig } from '../../src/config/router.ts';
import type { AccessLine } from '../../src/router/access-line.ts';
import { followAccessLines } from '../../src/router/access-log.ts';
import { alive, closeSides, flip, sides, start } from './process-rig.ts';
import { exchange, get, lastGet, RawClient, until } from './rig.ts';

async function logged(more: Partial<AccessLogConfig> = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-access-'));
  const file = path.join(folder, 'access.log');
  const accessLog = { file, query: 'names', maxBytes: 64 * 1024 ** 2, keep: 5, ...more } as const;
  return {
    folder,
    file,
    observe: { accessLog, serverTiming: 'off', trace: false } as const,
    /** Every whole line of every file. */
    async lines(): Promise<string[]> {
      const names = await readdir(folder);
      const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
      return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Sends requests on several connections until told to end. @returns how many were answered */
function hammer(port: number, connections: number): { stop(): Promise<number> } {
  let going = true;
  let answered = 0;
  const run = async (): Promise<void> => {
    const client = new RawClient(port);
    while (going) {
      client.text = '';
      await client.send(get(`/${'p'.repeat(300)}`)).until(({ text }) => /v[12]$/.test(text));
      answered++;
    }
    client.close();
  };
  const all = Promise.all(Array.from({ length: connections }, run));
  return {
    async stop() {
      going = false;
      await all;
      return answered;
    },
  };
}

test('rotation under load loses no line: as many as were answered, by size and by SIGHUP, of every worker', async () => {
  await using at = await logged({ maxBytes: 256 * 1024, keep: 1000 });
  await using running = await start({ observe: at.observe });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const { pid } = await running.router.status();
  const load = hammer(await running.port(), 8);
  await until(async () => (await readdir(at.folder)).length >= 2, 'a rotation by size', 30_000);
  // As logrotate does it.
  for (let turn = 0; turn < 5; turn++) {
    await rename(at.file, `${at.file}.by-hand-${turn}`).catch(() => {});
    process.kill(pid, 'SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const answered = await load.stop();
  await until(async () => (await at.lines()).length >= answered, 'every line', 20_000);
  const lines = (await at.lines()).map((line) => JSON.parse(line) as AccessLine);
  assert.equal(lines.length, answered);
  assert.equal(new Set(lines.map(({ requestId }) => requestId)).size, answered);
  assert.ok((await readdir(at.folder)).filter((name) => name.includes('by-hand')).length >= 1);
  assert.ok((await running.router.status()).accessLog?.linesDropped === 0);
  await closeSides(pair);
});

test('an order to close writes what was still in memory, and says that what was open was cut', async () => {
  await using at = await logged();
  const pair = await sides();
  {
    await using running = await start({ workers: 1, observe: at.observe });
    await running.router.apply(flip(1, pair));
    for (let index = 0; index < 20; index++) await exchange(await running.port(), lastGet());
  }
  assert.equal((await at.lines()).length, 20);
  await closeSides(pair);
});

test('a router that is killed takes no line with it that a worker of it had', async () => {
  await using at = await logged();
  await using running = await start({ workers: 2, observe: at.observe });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const port = await running.port();
  const { pid } = await running.router.status();
  for (let index = 0; index < 20; index++) await exchange(port, lastGet());
  process.kill(pid, 'SIGKILL');
  await until(async () => (await at.lines()).length >= 20, 'every line');
  const ids = (await at.lines()).map((line) => (JSON.parse(line) as AccessLine).requestId);
  assert.equal(new Set(ids).size, 20);
  await closeSides(pair);
});

test('a log that stands still holds no request up; what is dropped is in the status', async () => {
  await using at = await logged();
  execFileSync('mkfifo', [at.file]);
  const reader = openSync(at.file, constants.O_RDONLY | constants.O_NONBLOCK);
  await using running = await start({ workers: 1, observe: at.observe });
  const port = await running.port();
  // Paths as long as a head may be, and answers of Teal itself: the memory for lines is full after some hundreds of them.
  const client = new RawClient(port);
  let slowest = 0;
  for (let index = 0; index < 800; index++) {
    client.text = '';
    const begun = performance.now();
    await client.send(get(`/${'p'.repeat(15_000)}`)).has('</html>');
    slowest = Math.max(slowest, performance.now() - begun);
  }
  assert.ok(slowest < 3000, `${slowest} ms`);
  await until(
    async () => ((await running.router.status()).accessLog?.linesDropped ?? 0) > 0,
    'dropped lines',
  );
  client.close();
  closeSync(reader);
});

test('the log is followed across rotations, filtered, from its last lines on', async () => {
  await using at = await logged({ maxBytes: 64 * 1024, keep: 3 });
  await using running = await start({ observe: at.observe });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const port = await running.port();
  for (let index = 0; index < 5; index++) await exchange(port, lastGet(`/before-${index}`));
  await until(async () => (await at.lines()).length === 5, 'the first lines');
  const ending = new AbortController();
  const paths: string[] = [];
  const following = (async () => {
    const query = { lines: 2, status: [[200, 299]], outcome: 'ok' } as const;
    for await (const line of followAccessLines(at.file, query, ending.signal))
      if ('path' in line) paths.push(line.path ?? '');
  })();
  await until(() => paths.length === 2, 'the last lines');
  for (let index = 0; index < 400; index++) {
    const client = new RawClient(port);
    await client.send(get(`/${index}-${'p'.repeat(300)}`)).has('v1');
    client.close();
    if (index % 100 === 0) await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  }
  await until(() => paths.length >= 402, 'all lines', 30_000);
  ending.abort();
  await following;
  assert.equal(paths.length, 402);
  assert.equal(new Set(paths).size, 402);
  await closeSides(pair);
});

test('a worker that dies takes no count with it that was told, and its replacement is told', async () => {
  await using running = await start({ workers: 2 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const port = await running.port();
  const requests = async (): Promise<number> => {
    const { environments } = await running.router.status();
    return environments.find(({ colour }) => colour === 'blue')?.requests ?? 0;
  };
  for (let index = 0; index < 40; index++) await exchange(port, lastGet());
  assert.equal(await requests(), 40);
  const before = await running.router.status();
  assert.deepEqual(before.workersReplaced, { count: 0, last: null });
  const killed: number[] = [];
  for (const { pid } of before.workers) {
    process.kill(pid, 'SIGKILL');
    killed.push(pid);
    await until(() => !alive(pid), 'the end of a worker');
    assert.ok((await requests()) >= 40);
  }
  await until(async () => (await running.router.status()).workersReplaced.count === 2, 'both replacements');
  const { workersReplaced, startedAt } = await running.router.status();
  assert.ok(killed.includes(workersReplaced.last?.pid ?? 0));
  assert.equal(workersReplaced.last?.how, 'SIGKILL');
  assert.ok((workersReplaced.last?.at ?? 0) >= startedAt && startedAt <= Date.now());
  for (let index = 0; index < 10; index++) await exchange(port, lastGet());
  assert.equal(await requests(), 50);
  const { environments } = await running.router.status();
  assert.equal(environments.find(({ colour }) => colour === 'blue')?.inFlight, 0);
  await closeSides(pair);
});
