import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { serveAt } from '../../../src/control/api/serve.ts';
import { forwardedBy } from '../../../src/control/lead/forward.ts';
import { Front } from '../../../src/control/lead/front.ts';
import type { LeaseView } from '../../../src/store/lease.ts';
import { until } from '../help.ts';

async function leaderAt(t: TestContext, answer: (request: Request) => Response | Promise<Response>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-front-'));
  const address = path.join(folder, 'a.sock');
  const server = await serveAt(address, async (request) => answer(request));
  t.after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  return lease({ address });
}

const lease = (more: Partial<LeaseView> = {}): LeaseView => ({
  name: 'a',
  machine: hostname(),
  address: '/nowhere/a.sock',
  term: 7,
  since: 0,
  leftMs: 3000,
  ended: false,
  ...more,
});

const front = (more: Partial<ConstructorParameters<typeof Front>[0]> = {}): Front =>
  new Front({ name: 'b', alone: async () => null, patienceMs: 200, ...more });

const get = (at: string): Request => new Request(`http://teal${at}`);
const post = (at: string, body: object, headers: Record<string, string> = {}): Request =>
  new Request(`http://teal${at}`, { method: 'POST', body: JSON.stringify(body), headers });

test('who leads answers itself', async () => {
  const leading = front();
  leading.leads(() => new Response('own'));
  assert.equal(await (await leading.fetch(get('/v1/status'))).text(), 'own');
});

test('who stands by passes on what it is asked: method, path, actor and body there, status and body back', async (t) => {
  const seen: string[] = [];
  const leader = await leaderAt(t, async (request) => {
    const { method, url, headers } = request;
    const who = `${headers.get('x-teal-actor')} by ${headers.get(forwardedBy)}`;
    seen.push(`${method} ${new URL(url).pathname}${new URL(url).search} ${who} ${await request.text()}`);
    return Response.json({ did: 'it' }, { status: 409 });
  });
  const standing = front();
  standing.sees(leader);
  const answer = await standing.fetch(
    post('/v1/apps/shop/deploy?x=1', { version: 'v2' }, { 'x-teal-actor': 'user:anna' }),
  );
  assert.equal(answer.status, 409);
  assert.deepEqual(await answer.json(), { did: 'it' });
  assert.deepEqual(seen, ['POST /v1/apps/shop/deploy?x=1 user:anna by b {"version":"v2"}']);
});

test('what is followed comes through as it is written', async (t) => {
  let write: (line: string) => void = () => undefined;
  const leader = await leaderAt(t, () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        write = (line) => controller.enqueue(new TextEncoder().encode(line));
        write('first\n');
      },
    });
    return new Response(body);
  });
  const standing = front();
  standing.sees(leader);
  const answer = await standing.fetch(get('/v1/events?follow=1'));
  const reader = answer.body?.getReader();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'first\n');
  write('second\n');
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'second\n');
  await reader?.cancel();
});

test('while nobody leads a command waits for the next leader, and looking is answered from the event log', async (t) => {
  const standing = front({
    patienceMs: 10_000,
    alone: async (request) => new Response(`alone ${new URL(request.url).pathname}`),
  });
  standing.sees(lease({ leftMs: 0 }));
  assert.equal(await (await standing.fetch(get('/v1/status'))).text(), 'alone /v1/status');
  const waiting = standing.fetch(post('/v1/rollback', {}));
  const leader = await leaderAt(t, () => new Response('done'));
  standing.sees({ ...leader, term: 8 });
  assert.equal(await (await waiting).text(), 'done');
});

test('who takes over answers itself what was asked before', async () => {
  const standing = front({ patienceMs: 10_000 });
  standing.sees(lease());
  const waiting = standing.fetch(post('/v1/rollback', { reason: 'x' }));
  standing.leads(async (request) => new Response(`own ${await request.text()}`));
  assert.equal(await (await waiting).text(), 'own {"reason":"x"}');
});

test('who stands by is alive itself, however the leader is', async (t) => {
  const standing = front();
  standing.sees(await leaderAt(t, () => new Promise<Response>(() => undefined)));
  const answer = await standing.fetch(get('/healthz'));
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { alive: boolean }).alive, true);
});

test('when nobody comes to lead, that is said', async () => {
  const standing = front({ patienceMs: 50 });
  const answer = await standing.fetch(post('/v1/rollback', {}));
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(((await answer.json()) as { code: string }).code, 'not-leader');
});

test('a leader on another machine is named', async () => {
  const standing = front();
  standing.sees(lease({ machine: 'elsewhere.example.com' }));
  const answer = await standing.fetch(post('/v1/rollback', {}));
  const error = (await answer.json()) as { code: string; detail: string; remedy: string };
  assert.equal(error.code, 'not-leader');
  assert.match(`${error.detail} ${error.remedy}`, /a leads, on elsewhere.example.com.*do it on elsewhere/);
});

test('whoever has stepped down meanwhile has done nothing: the next leader is asked', async (t) => {
  const deposed = front();
  const old = await leaderAt(t, deposed.fetch);
  const next = await leaderAt(t, () => new Response('done'));
  const standing = front({ patienceMs: 10_000 });
  standing.sees(old);
  const waiting = standing.fetch(post('/v1/rollback', {}));
  standing.sees({ ...next, term: 8 });
  assert.equal(await (await waiting).text(), 'done');
});

test('what was passed on is not passed on again', async () => {
  const standing = front();
  standing.sees(lease());
  const answer = await standing.fetch(post('/v1/rollback', {}, { [forwardedBy]: 'c' }));
  assert.equal(((await answer.json()) as { code: string }).code, 'not-leader');
});

test('a leader that was stopped is not waited for beyond its lease: looking goes on, a command is refused', async (t) => {
  let asked = 0;
  const leader = await leaderAt(t, () => {
    asked += 1;
    return new Promise<Response>(() => undefined);
  });
  const standing = front({ patienceMs: 10_000, alone: async () => new Response('alone') });
  standing.sees(leader);
  const looking = standing.fetch(get('/v1/status'));
  const command = standing.fetch(post('/v1/rollback', {}));
  await until('both asked', () => asked === 2);
  standing.sees({ ...leader, leftMs: 0 });
  assert.equal(await (await looking).text(), 'alone');
  const refused = (await (await command).json()) as { code: string; detail: string };
  assert.equal(refused.code, 'not-leader');
  assert.match(refused.detail, /went away while it was asked/);
});
