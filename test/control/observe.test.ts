/** What people see of the traffic: the access log, own error pages and what the doctor says of the router, on real parts. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { AccessLine } from '../../src/control/contract.ts';
import { routerTrouble } from '../../src/control/view/router-trouble.ts';
import { until } from './help.ts';
import { project, Refused, yaml, type Problem, type Running } from './project.ts';

async function linesOf({ api }: Running, at: string): Promise<readonly AccessLine[]> {
  const { status, body } = await api.raw('GET', at);
  if (status !== 200) throw new Refused(status, JSON.parse(body) as Problem);
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AccessLine);
}

const observed = yaml({
  app: '    errors: { maintenance: pages/soon.html, "5xx": pages/oh.html }\n',
}).replace('workers: 1 }', 'workers: 1, access-log: logs, trace: "on", server-timing: all }');

test('the access log is shown with filters, and own pages outlive their files', async (t) => {
  const shop = await project(t, observed);
  await mkdir(`${shop.folder}/pages`);
  await shop.write('pages/soon.html', '<p>soon: {message}</p>');
  await shop.write('pages/oh.html', '<p>oh</p>');
  const teal = await shop.up();
  await teal.deploy('v1');
  await shop.remove('pages/soon.html');
  assert.equal((await teal.ask('/a?b=1')).body, 'v1');
  await teal.api.post('/v1/apps/shop/maintenance', { on: true, message: 'at 2' });
  await until('the page is shown', async () => (await teal.ask('/b')).body === '<p>soon: at 2</p>');
  const ask = (query: string) => linesOf(teal, `/v1/access?${query}`);
  await until(
    'both lines',
    async () => (await ask('lines=10')).filter(({ rule }) => rule !== 'no-app').length >= 2,
  );
  // Those that came before the table was in force are among them.
  const [first] = await ask('app=shop&status=2xx&outcome=ok');
  assert.deepEqual([first?.path, first?.version, first?.rule], ['/a?b=…', 'v1', 'live']);
  assert.match(first?.traceId ?? '', /^[0-9a-f]{32}$/);
  const [refused, ...more] = await ask('status=500-504,404');
  assert.deepEqual(
    [refused?.path, refused?.outcome, refused?.rule, more],
    ['/b', 'refused', 'maintenance', []],
  );
  for (const [query, says] of [
    ['status=6xx', /is no status/],
    ['outcome=fine', /is no outcome/],
    ['app=shpo', /Did you mean shop/],
  ] as const) {
    await assert.rejects(ask(query), (error) => error instanceof Refused && says.test(error.json.message));
  }
});

test('without an access log it is said how to get one', async (t) => {
  const shop = await project(t);
  const teal = await shop.up();
  await assert.rejects(
    linesOf(teal, '/v1/access'),
    (error) => error instanceof Refused && /access-log: logs/.test(error.json.remedy),
  );
});

test('the doctor and the status tell of a router or workers that were replaced, and of lines that were dropped', () => {
  const now = Date.UTC(2026, 0, 2, 12);
  const since = now - 3_600_000;
  const well = {
    startedAt: since + 2000,
    workersReplaced: { count: 0, last: null },
    tablesRepaired: { count: 0, last: null },
    heard: { at: now, expiresAfterMs: null, expiry: null },
    accessLog: null,
  };
  const told = (more: Partial<Parameters<typeof routerTrouble>[0]>) =>
    routerTrouble({ ...well, ...more }, { now, since });
  assert.equal(told({}), null);
  assert.equal(told({ startedAt: since - 9_000_000 }), null);
  assert.equal(told({ accessLog: { file: '/a', linesDropped: 0 } }), null);
  const last = { at: now - 1000, pid: 7, how: 'SIGKILL' };
  assert.equal(
    told({ workersReplaced: { count: 2, last }, accessLog: { file: '/a', linesDropped: 3 } }),
    '2 workers replaced, the last at 2026-01-02T11:59:59.000Z (SIGKILL); 3 lines of the access log dropped: /a',
  );
  assert.equal(told({ workersReplaced: { count: 1, last: { ...last, at: now - 25 * 3_600_000 } } }), null);
  assert.equal(
    told({ startedAt: now - 60_000 }),
    'the router itself ended, and was started again at 2026-01-02T11:59:00.000Z',
  );
});
