/** Server-sent events: resumed where they were, told of gaps, kept alive, and none in memory for who reads slowly. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { eventStream } from '../../src/control/api/events.ts';
import { teal } from '../../src/control/apps.ts';
import type { EventView } from '../../src/control/contract.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { until } from './help.ts';
import { apiAt } from './project.ts';
import { problemIn, server } from './raw.ts';

const note = (deps: FakeDeps, text: string) =>
  deps.apps.submit('shop', { type: 'maintenance', message: text }, teal);

interface Frame {
  readonly id: string | null;
  readonly event: string;
  readonly data: string | null;
}

/** As a browser reads them (HTML, 9.2.6), without comments. */
function frames(text: string): readonly Frame[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const field = (name: string): string | null =>
        new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? null;
      return { id: field('id'), event: field('event') ?? 'message', data: field('data') };
    });
}

async function stream(t: TestContext, deps: FakeDeps, at: string, headers: Record<string, string> = {}) {
  const { socket } = await server(t, deps);
  const opened = await apiAt(socket).stream(at, headers);
  t.after(() => opened.close());
  const all = (): readonly Frame[] => frames(`${opened.lines.join('\n')}\n`);
  const events = (): readonly EventView[] =>
    all().flatMap(({ event, data }) =>
      event === 'message' && data !== null ? [JSON.parse(data) as EventView] : [],
    );
  return { all, events, opened };
}

test('without a position it tells what happens from now on, and where that is', async (t) => {
  const deps = await fakeDeps(t);
  await note(deps, 'before');
  const { all, events } = await stream(t, deps, '/v1/events/stream');
  await until('it has begun', () => all()[0]);
  assert.deepEqual(all()[0], { id: '2', event: 'message', data: null });
  await note(deps, 'after');
  await until('it is told', () => events().length === 1);
  assert.deepEqual([events()[0]?.says, all().at(-1)?.id], ['maintenance: after', '3']);
});

test('it goes on after the last event that came', async (t) => {
  const deps = await fakeDeps(t);
  for (const text of ['one', 'two', 'three']) await note(deps, text);
  const resumed = await stream(t, deps, '/v1/events/stream?app=shop', { 'last-event-id': '2' });
  await until('the rest has come', () => resumed.events().length === 2);
  assert.deepEqual(
    resumed.events().map(({ seq }) => seq),
    [3, 4],
  );
  assert.ok(resumed.all().every(({ event }) => event !== 'gap'));
  const asked = await stream(t, deps, '/v1/events/stream?after=3', { 'last-event-id': '' });
  await until('the rest has come', () => asked.events().length === 1);
});

test('it says that there is a gap when events were pruned, or the log is another one', async (t) => {
  const deps = await fakeDeps(t);
  for (const text of ['one', 'two', 'three']) await note(deps, text);
  await deps.apps.saveSnapshots();
  await note(deps, 'four');
  assert.equal(await deps.store.prune(Number.MAX_SAFE_INTEGER), 4);
  const late = await stream(t, deps, '/v1/events/stream', { 'last-event-id': '1' });
  await until('what is left has come', () => late.events().length === 1);
  const [gap] = late.all();
  assert.equal(gap?.event, 'gap');
  assert.deepEqual(JSON.parse(gap?.data ?? ''), {
    after: 1,
    pruned: 4,
    end: 5,
    says: 'events up to 4 have been removed; look at the state again',
  });
  const timely = await stream(t, deps, '/v1/events/stream', { 'last-event-id': '4' });
  await until('it has come', () => timely.events().length === 1);
  assert.ok(timely.all().every(({ event }) => event !== 'gap'));
  const strange = await stream(t, deps, '/v1/events/stream', { 'last-event-id': '900' });
  await until('it has begun', () => strange.all()[0]?.event === 'gap');
  assert.equal(strange.all()[0]?.id, '5');
});

test('it says that it is there when nothing happens, and reads what it was not told of', async (t) => {
  const deps = await fakeDeps(t);
  const over = new AbortController();
  t.after(() => over.abort());
  const said: string[] = [];
  const telling = (async () => {
    const following = { apps: null, after: 1, beatMs: 20 };
    for await (const text of eventStream(deps, following, over.signal)) said.push(text);
  })();
  await until('it beats', () => said.filter((text) => text.startsWith(':')).length > 2);
  // As another control plane on the same store would.
  await deps.store.append('shop', 1, [{ at: 1, actor: 'a', reason: null, type: 'restarted', data: {} }]);
  await until('it was found', () => said.some((text) => text.includes('"seq":2')));
  over.abort();
  await telling;
});

test('an id that is none is refused, and so is an app that there is not', async (t) => {
  const deps = await fakeDeps(t);
  const { send } = await server(t, deps);
  const bad = await send('GET /v1/events/stream HTTP/1.1\r\nhost: t\r\nlast-event-id: x\r\n\r\n');
  assert.deepEqual([bad.status, problemIn(bad).code], [400, 'usage']);
  const none = await send('GET /v1/events/stream?app=nope HTTP/1.1\r\nhost: t\r\n\r\n');
  assert.equal(problemIn(none).code, 'app-unknown');
});

test('as many as are served at a time, and one more is refused until one has gone', async (t) => {
  const deps = await fakeDeps(t);
  const { socket, send } = await server(t, deps);
  const api = apiAt(socket);
  const open = await Promise.all(Array.from({ length: 256 }, () => api.stream('/v1/events/stream')));
  t.after(() => open.forEach((each) => each.close()));
  const get = 'GET /v1/events/stream HTTP/1.1\r\nhost: t\r\n\r\n';
  const busy = await send(get);
  assert.deepEqual([busy.status, problemIn(busy).code], [503, 'busy']);
  assert.equal((await send('GET /v1/status HTTP/1.1\r\nhost: t\r\n\r\n')).status, 200, 'all else works');
  open[0]?.close();
  const next = await until('there is room', async () => {
    const one = await api.stream('/v1/events/stream');
    await until('it has said something', () => one.lines.length > 0);
    if (one.lines[0]?.startsWith('retry')) return one;
    one.close();
    return null;
  });
  next.close();
});
