import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { freePort } from '../free-port.ts';
import { exchange, lastGet, until } from './rig.ts';
import { alive, closeSides, flip, sides, start } from './process-rig.ts';

test('a killed worker is replaced with the table in force, and new connections wait for it', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const port = await running.port();
  for (let round = 0; round < 3; round++) {
    const [worker] = (await running.router.status()).workers;
    assert.ok(worker !== undefined);
    process.kill(worker.pid, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(port, lastGet())));
    for (const answer of answers) assert.match(answer, /v2$/);
    const after = (await running.router.status()).workers;
    assert.equal(after.length, 1);
    assert.notEqual(after[0]?.pid, worker.pid);
    assert.equal(after[0]?.generation, 2);
  }
  await closeSides(pair);
});

test('a worker that hangs is replaced rather than waited for', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const [worker] = (await running.router.status()).workers;
  assert.ok(worker !== undefined);
  process.kill(worker.pid, 'SIGSTOP');
  await running.router.apply(flip(2, pair));
  const { workers } = await running.router.status();
  assert.ok(workers.every(({ pid, generation }) => pid !== worker.pid && generation === 2));
  await closeSides(pair);
});

test('tables applied while workers are being killed reach all of them', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  for (let generation = 2; generation <= 7; generation++) {
    const [worker] = (await running.router.status()).workers;
    if (worker !== undefined) process.kill(worker.pid, 'SIGKILL');
    await running.router.apply(flip(generation, pair));
    const answer = await exchange(await running.port(), lastGet());
    assert.ok(answer.endsWith(generation % 2 === 1 ? 'v1' : 'v2'), answer);
  }
  await closeSides(pair);
});

test('the router outlives who started it, and is adopted by the next', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await running.router.status();
  running.router.close();
  await assert.rejects(running.router.status(), TealError);
  assert.match(await exchange(before.listen[0]?.port ?? 0, lastGet()), /v1$/);
  running.router = await EmbeddedRouter.start(running.options);
  const after = await running.router.status();
  assert.equal(after.pid, before.pid);
  assert.equal(after.generation, 1);
  await closeSides(pair);
});

test('a router that was killed comes back by itself, with its table from disk and on its port', async () => {
  const port = await freePort();
  await using running = await start({ listen: [{ host: '127.0.0.1', port }] });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const before = await running.router.status();
  process.kill(before.pid, 'SIGKILL');
  await until(() => !alive(before.pid), 'the router to be gone');
  const after = await running.router.status();
  assert.notEqual(after.pid, before.pid);
  assert.equal(after.generation, 2);
  assert.match(await exchange(port, lastGet()), /v2$/);
  await until(
    () => before.workers.every(({ pid }) => !alive(pid)),
    'the workers of the killed one to be gone',
  );
  await running.router.apply(flip(3, pair));
  assert.match(await exchange(port, lastGet()), /v1$/);
  await closeSides(pair);
});

test('a router with other options hands over to one with the new ones, which keeps its table', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await running.router.status();
  running.router.close();
  running.router = await EmbeddedRouter.start({ ...running.options, workers: 2 });
  const after = await running.router.status();
  assert.notEqual(after.pid, before.pid);
  assert.deepEqual([after.workers.length, after.generation], [2, 1]);
  await closeSides(pair);
});

test('a corrupt table is set aside, said so, and answered with 503 until a table comes', async () => {
  const running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const { pid } = await running.router.status();
  await running.router.shutdown(0);
  await until(() => !alive(pid), 'the router to be gone');
  const folder = path.join(running.data, 'router');
  const file = path.join(folder, 'table.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"v1"', '"v9"'));
  running.router = await EmbeddedRouter.start(running.options);
  assert.match(
    await exchange(await running.port(), lastGet()),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: no-table\r\n/,
  );
  const names = await readdir(folder);
  assert.ok(
    names.some((name) => name.startsWith('table.json.corrupt-')),
    names.join(),
  );
  assert.ok(!existsSync(file));
  assert.match(await readFile(path.join(folder, 'router.log'), 'utf8'), /corrupt/);
  await running.router.apply(flip(1, pair));
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  await closeSides(pair);
  await running[Symbol.asyncDispose]();
});
