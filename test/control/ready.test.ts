/** Alive and ready are two things: who asks sends work elsewhere, or starts it again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from '../../src/control/api/app.ts';
import { TealError } from '../../src/errors.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';

interface Said {
  readonly code?: string;
  readonly checks?: readonly { readonly name: string; readonly ok: boolean }[];
  readonly details?: { readonly checks: Said['checks'] };
}

async function asked(deps: FakeDeps, at: string, closing = new AbortController()) {
  const app = api(deps, {
    access: deps.access,
    startedAt: 0,
    stop: () => undefined,
    closing: closing.signal,
  });
  const answer = await app.request(at);
  return { status: answer.status, said: (await answer.json()) as Said };
}

const failed = ({ said }: { said: Said }): readonly string[] =>
  (said.checks ?? said.details?.checks ?? []).filter(({ ok }) => !ok).map(({ name }) => name);

test('ready: the store can be written to, and the router answers', async (t) => {
  const deps = await fakeDeps(t);
  const answer = await asked(deps, '/readyz');
  assert.equal(answer.status, 200);
  assert.deepEqual(
    answer.said.checks?.map(({ name }) => name),
    ['store', 'router', 'control'],
  );
});

test('not ready without one of them, or when it ends; alive all the same', async (t) => {
  const deps = await fakeDeps(t);
  deps.router.beforeStatus = async () => {
    throw new TealError('router-unavailable', 'gone', { remedy: 'x' });
  };
  const alone = await asked(deps, '/readyz');
  assert.deepEqual([alone.status, alone.said.code, failed(alone)], [503, 'not-ready', ['router']]);
  deps.router.beforeStatus = () => new Promise(() => undefined);
  assert.deepEqual(failed(await asked(deps, '/readyz')), ['router'], 'silent is not reached');
  deps.router.beforeStatus = async () => undefined;
  const ending = new AbortController();
  ending.abort();
  assert.deepEqual(failed(await asked(deps, '/readyz', ending)), ['control']);
  await deps.store.close();
  const unwritten = await asked(deps, '/readyz');
  assert.deepEqual([unwritten.status, failed(unwritten)], [503, ['store']]);
  assert.equal((await asked(deps, '/healthz')).status, 200);
});

test('asked often, it writes seldom', async (t) => {
  const deps = await fakeDeps(t);
  let probes = 0;
  const store = Object.assign(Object.create(deps.store) as FakeDeps['store'], {
    probe: async () => void probes++,
  });
  const app = api(
    { ...deps, store },
    { access: deps.access, startedAt: 0, stop: () => undefined, closing: new AbortController().signal },
  );
  await Promise.all(Array.from({ length: 50 }, async () => await app.request('/readyz')));
  assert.equal(probes, 1);
});
