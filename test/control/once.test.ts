/** A request with an idempotency key is done once: sent again, at the same time, after a kill, and with another body. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Caller } from '../../src/control/access/caller.ts';
import { api } from '../../src/control/api/app.ts';
import { keyed, once } from '../../src/control/api/once.ts';
import { Apps } from '../../src/control/apps.ts';
import type { CommandResult } from '../../src/control/contract.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { problemIn } from './raw.ts';

interface Sent {
  readonly key?: string;
  readonly body?: unknown;
  readonly at?: string;
  readonly actor?: string;
}

type Send = (sent?: Sent) => Promise<{ status: number; body: string; again: boolean }>;

const callerNamed = (actor: string): Caller => ({
  actor,
  role: 'admin',
  apps: null,
  by: 'socket',
  id: null,
  name: null,
  expiresAt: null,
  from: { address: null, agent: null },
});

/** Restarting a role is done each time that it is asked for: so it shows whether it was. */
function sender(deps: FakeDeps): Send {
  const app = api(deps, {
    access: deps.access,
    startedAt: 0,
    stop: () => undefined,
    closing: new AbortController().signal,
  });
  return async ({ key = 'k1', body = {}, at = '/v1/apps/shop/restart', actor = 'user:a' } = {}) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const asked = { method: 'POST', body: JSON.stringify(body), headers };
    const answer = await app.request(at, asked, { caller: callerNamed(actor) });
    const again = answer.headers.get('idempotency-replayed') === 'true';
    return { status: answer.status, body: await answer.text(), again };
  };
}

const restarts = (deps: Pick<FakeDeps, 'apps'>): number => deps.apps.state('shop').restart;

async function running(t: TestContext): Promise<{ deps: FakeDeps; send: Send }> {
  const deps = await fakeDeps(t);
  const build = { version: 'v1', directory: null, spec: deps.config.apps['shop'] as never };
  await deps.apps.submit('shop', { type: 'deploy', build, promote: 'auto' }, { actor: 'a', reason: null });
  const ready = { type: 'environment-ready', colour: 'blue', version: 'v1' } as const;
  await deps.apps.submit('shop', { ...ready, size: 'preview' }, { actor: 'teal', reason: null });
  await deps.apps.submit('shop', { ...ready, size: 'full' }, { actor: 'teal', reason: null });
  return { deps, send: sender(deps) };
}

test('the same again gets the same answer, and is not done again', async (t) => {
  const { deps, send } = await running(t);
  const first = await send();
  assert.deepEqual([first.status, first.again], [200, false], first.body);
  await deps.apps.submit('shop', { type: 'maintenance', message: 'x' }, { actor: 'a', reason: null });
  const second = await send();
  assert.deepEqual(second, { ...first, again: true }, 'also when the state is another one now');
  assert.equal(restarts(deps), 1);
  assert.equal((await send({ key: 'k2' })).again, false);
  assert.equal((await send({ actor: 'user:b' })).again, false, 'keys of others are others');
  assert.equal(restarts(deps), 3);
});

test('another Teal on the same store answers the same', async (t) => {
  const { deps, send } = await running(t);
  const first = await send();
  const apps = await Apps.load(deps.store, Date.now);
  const again = await sender({ ...deps, apps } as FakeDeps)();
  assert.deepEqual(again, { ...first, again: true });
  assert.equal(apps.state('shop').restart, 1);
});

test('the same key for something else is refused, and does nothing', async (t) => {
  const { deps, send } = await running(t);
  await send({ body: { reason: 'one' } });
  for (const other of [
    { body: { reason: 'two' } },
    { at: '/v1/apps/shop/remove', body: { reason: 'one' } },
  ]) {
    const answer = await send(other);
    assert.deepEqual([answer.status, problemIn(answer).code], [422, 'key-reused']);
  }
  assert.equal(restarts(deps), 1);
});

test('at the same time they wait for the one', async (t) => {
  const { deps, send } = await running(t);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send()));
  assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
  assert.equal(answers.filter(({ again }) => !again).length, 1);
  assert.equal(restarts(deps), 1);
  const [one, two] = await Promise.all([send({ key: 'x' }), send({ key: 'x', body: { reason: 'r' } })]);
  assert.deepEqual([one?.status, two?.status], [200, 422]);
});

test('a refusal is an answer, too; what was refused before it was tried is none', async (t) => {
  const { deps, send } = await running(t);
  const no = await send({ at: '/v1/apps/shop/pause' });
  assert.equal(no.status, 409);
  assert.deepEqual(await send({ at: '/v1/apps/shop/pause' }), { ...no, again: true });
  assert.equal((await send({ key: 'k2', body: { nonsense: 1 } })).status, 400);
  assert.equal((await send({ key: 'k2' })).status, 200);
  assert.equal(restarts(deps), 1);
  for (const key of ['two words', 'ü', 'x'.repeat(201), '"'])
    assert.equal((await send({ key })).status, 400, key);
});

test('killed before anything was done, it is done when it is sent again', async (t) => {
  const { deps, send } = await running(t);
  const { id, fingerprint } = keyed('k1', { actor: 'user:a', what: ['/v1/apps/shop/restart', '', {}] });
  await deps.store.requests.claim({ id, fingerprint, at: Date.now(), expiresAt: Date.now() + 60_000 });
  const answer = await send();
  assert.equal(answer.status, 200, answer.body);
  assert.equal(restarts(deps), 1);
});

test('killed after it was done, it is not done again, and says what was', async (t) => {
  const { deps, send } = await running(t);
  const { id, fingerprint } = keyed('k1', { actor: 'user:a', what: ['/v1/apps/shop/restart', '', {}] });
  await deps.store.requests.claim({ id, fingerprint, at: Date.now(), expiresAt: Date.now() + 60_000 });
  await deps.apps.submit('shop', { type: 'restart' }, { actor: 'user:a', reason: null, request: id });
  const answer = await send();
  assert.deepEqual([answer.status, problemIn(answer).code], [409, 'request-interrupted']);
  assert.deepEqual(
    (problemIn(answer).details['events'] as { type: string }[]).map(({ type }) => type),
    ['restarted'],
  );
  assert.equal(restarts(deps), 1);
});

test('of a fault nothing is remembered but what was done', async (t) => {
  const { deps, send } = await running(t);
  deps.platform.instances = () => {
    throw new Error('a bug');
  };
  assert.equal((await send()).status, 500);
  deps.platform.instances = () => deps.platform.running;
  assert.equal((await send()).status, 409, 'the restart was stored before the answer failed');
  assert.equal(restarts(deps), 1);
});

test('what follows from a request says so, and an app is folded the same', async (t) => {
  const { deps, send } = await running(t);
  const { app } = JSON.parse((await send()).body) as CommandResult;
  const [event] = await deps.store.recent({ limit: 1 });
  const { request } = (event?.data ?? {}) as { request?: string };
  assert.match(request ?? '', /^[0-9a-f]{32}$/);
  const again = await Apps.load(deps.store, Date.now);
  assert.deepEqual(again.state(app.app), deps.apps.state(app.app));
});

test('whoever waits for one whose client went away is not sent away with it, but done', async (t) => {
  const { deps } = await running(t);
  const requests = once(deps.store, () => 0);
  const request = keyed('k9', { actor: 'user:a', what: ['x'] });
  const first = Promise.withResolvers<never>();
  const begun = requests.answer(request, () => first.promise);
  let done = 0;
  const act = async () => ({ status: 200, body: String(++done) });
  const waiting = [requests.answer(request, act), requests.answer(request, act)];
  first.reject(new Error('gone'));
  await assert.rejects(begun, /gone/);
  const answers = await Promise.all(waiting);
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['1', '1'],
  );
  assert.deepEqual(
    answers.map(({ again }) => again),
    [false, true],
  );
});
