// The example app must itself be beyond reproach: what it loses would be counted against Teal.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildShop, type Flaw } from '../../examples/shop/build.ts';
import { jobCounts, shifts } from '../../examples/shop/jobs.js';

let folder: string;
let data: string;
const started: ChildProcess[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teal-shop-test-'));
  data = join(folder, 'jobs.sqlite');
  await buildShop('v1', join(folder, 'v1'));
  await buildShop('v2', join(folder, 'v2'));
});

after(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts a role of a version and resolves with the first thing it says. */
async function start(
  version: string,
  role: 'server' | 'worker',
): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, [`${role}.js`], {
    cwd: join(folder, version),
    env: { ...process.env, PORT: '0', SHOP_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  assert(child.stdout !== null);
  const [chunk] = await once(child.stdout, 'data');
  return { child, says: String(chunk) };
}

async function serve(version: string): Promise<{ child: ChildProcess; url: URL }> {
  const { child, says } = await start(version, 'server');
  const [address] = /http:\S+/.exec(says) ?? [];
  assert(address !== undefined, says);
  return { child, url: new URL(address) };
}

const broken = async (flaw: Flaw, failAfter?: number): Promise<{ child: ChildProcess; url: URL }> => {
  await buildShop(`v3-${flaw}`, join(folder, flaw), {
    broken: flaw,
    ...(failAfter === undefined ? {} : { failAfter }),
  });
  return serve(flaw);
};

/** The exit code after SIGTERM. */
async function stop(child: ChildProcess): Promise<unknown> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exit;
  return code;
}

const order = (url: URL): Promise<Response> =>
  fetch(new URL('/api/orders', url), {
    method: 'POST',
    body: JSON.stringify({ items: [{ id: 'cup', quantity: 2 }] }),
  });

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    assert(Date.now() < deadline, `waited 20 s until ${what}`);
    await sleep(20);
  }
}

test('every answer of the shop says its version, and each version has assets of its own', async () => {
  const one = await serve('v1');
  const two = await serve('v2');
  const page = await (await fetch(one.url)).text();
  const assets = [...page.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
  assert.equal(assets.length, 2);
  for (const path of assets) {
    const own = await fetch(new URL(path, one.url));
    assert.deepEqual([own.status, own.headers.get('x-version')], [200, 'v1']);
    const others = await fetch(new URL(path, two.url));
    assert.deepEqual([others.status, others.headers.get('x-version')], [404, 'v2']);
  }
  assert.equal(await (await fetch(new URL('/version', two.url))).text(), 'v2');
  assert.deepEqual([await stop(one.child), await stop(two.child)], [0, 0]);
});

test('an upload is answered with its size and hash, however slowly it comes', async () => {
  const { child, url } = await serve('v1');
  const parts = ['slow ', 'and ', 'steady'];
  const body = new ReadableStream({
    async pull(controller) {
      const part = parts.shift();
      if (part === undefined) return controller.close();
      await sleep(20);
      controller.enqueue(Buffer.from(part));
    },
  });
  const answer = await fetch(new URL('/upload', url), { method: 'PUT', body, duplex: 'half' });
  const sha256 = createHash('sha256').update('slow and steady').digest('hex');
  assert.deepEqual(await answer.json(), { version: 'v1', bytes: 15, sha256 });
  await stop(child);
});

test('a WebSocket is greeted with the version, echoes, and is closed with 1001 at the stop signal', async () => {
  const { child, url } = await serve('v1');
  const socket = new WebSocket(new URL('/ws', url));
  const messages: string[] = [];
  socket.addEventListener('message', (event) => messages.push(String(event.data)));
  await once(socket, 'open');
  const long = 'x'.repeat(70_000);
  for (const text of ['hello', 'y'.repeat(300), long]) socket.send(text);
  await until('all are echoed', () => messages.length === 4);
  assert.deepEqual(messages, ['{"version":"v1"}', 'hello', 'y'.repeat(300), long]);
  const closed = once(socket, 'close');
  assert.equal(await stop(child), 0);
  const [event] = await closed;
  assert.equal((event as CloseEvent).code, 1001);
});

test('at the stop signal the shop answers what is in flight, ends event streams cleanly and exits with 0', async () => {
  const { child, url } = await serve('v1');
  const slow = fetch(new URL('/slow?ms=400', url));
  const events = await fetch(new URL('/events', url));
  assert(events.body !== null);
  const first = await fetch(new URL('/healthz', url));
  assert.equal(first.status, 200);
  const code = stop(child);
  assert.equal((await slow).status, 200);
  assert.match(await events.text(), /^event: tick\ndata: \{"version":"v1","tick":0\}/);
  assert.equal(await code, 0);
});

test('the worker finishes the job in hand at the stop signal, and the next version takes over: each job done once', async () => {
  const web = await serve('v1');
  const counts = jobCounts(data);
  const orders = 60;
  const first = await start('v1', 'worker');
  for (let i = 0; i < orders; i++) assert.equal((await order(web.url)).status, 202);
  await until('some jobs are done', () => jobCounts(data).done > counts.done + 5);
  assert.equal(await stop(first.child), 0);
  const second = await start('v2', 'worker');
  await until('all jobs are done', () => jobCounts(data).queued === 0);
  assert.equal(await stop(second.child), 0);
  await stop(web.child);
  assert.deepEqual(jobCounts(data), { queued: 0, done: counts.done + orders, twice: 0 });
  const [one, two] = shifts(data);
  assert(one !== undefined && two !== undefined && one.ended !== null);
  assert.deepEqual([one.version, two.version], ['v1', 'v2']);
  assert(one.ended <= two.began, 'the second worker began before the first had ended');
});

test('what the shop does not understand is refused with a reason', async () => {
  const { child, url } = await serve('v1');
  const statuses = [
    (await fetch(new URL('/nowhere', url))).status,
    (await fetch(new URL('/api/cart', url), { method: 'POST', body: 'no json' })).status,
    (await fetch(new URL('/api/orders', url), { method: 'POST', body: '{"items":[{"id":"car"}]}' })).status,
    (await fetch(new URL('/api/cart', url), { method: 'POST', body: `"${'x'.repeat(70_000)}"` })).status,
  ];
  assert.deepEqual(statuses, [404, 400, 422, 413]);
  await stop(child);
});

test('the version that breaks after the switch is healthy until it has served its number of requests', async () => {
  const { child, url } = await broken('after-switch', 20);
  for (let i = 0; i < 20; i++) assert.equal((await fetch(new URL('/api/products', url))).status, 200);
  for (let i = 0; i < 50; i++) assert.equal((await fetch(new URL('/healthz', url))).status, 200);
  assert.equal((await fetch(new URL('/api/products', url))).status, 500);
  assert.equal((await fetch(url)).status, 200, 'only a part of the answers is broken');
  await stop(child);
});

test('the other flaws show where they should', async () => {
  const unhealthy = await broken('never-healthy');
  assert.equal((await fetch(new URL('/healthz', unhealthy.url))).status, 503);
  const redirecting = await broken('redirecting-health');
  assert.equal((await fetch(new URL('/healthz', redirecting.url), { redirect: 'manual' })).status, 302);
  await buildShop('v3', join(folder, 'crash'), { broken: 'crash' });
  const child = spawn(process.execPath, ['server.js'], { cwd: join(folder, 'crash'), stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
});

test('the smoke test passes on a sound version, and names what is wrong with another', async () => {
  const sound = await serve('v1');
  assert.deepEqual(await smoke(sound.url, 'v1'), { code: 0, failed: null });
  assert.deepEqual(await smoke(sound.url, 'v2'), { code: 1, failed: 'it is the version that was deployed' });
  const { url } = await broken('tests');
  assert.deepEqual(await smoke(url, 'v3-tests'), { code: 1, failed: 'there is something to buy' });
});

async function smoke(url: URL, version: string): Promise<{ code: unknown; failed: string | null }> {
  const child = spawn(process.execPath, ['examples/shop/smoke.js'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, TEAL_PREVIEW_URL: url.href, TEAL_VERSION: version },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, failed: /^FAILED {2}([^:]+):/m.exec(said)?.[1] ?? null };
}

test('a version folder is never overwritten by another build', async () => {
  await buildShop('v1', join(folder, 'v1'));
  await assert.rejects(buildShop('v2', join(folder, 'v1')), /already holds another build/);
});
