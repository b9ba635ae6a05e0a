import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MetricPolicy } from '../../src/config/metrics.ts';
import type { Check } from '../../src/control/contract.ts';
import { metricChecks } from '../../src/control/doctor-metrics.ts';
import { nothing, type AppState } from '../../src/release/state.ts';
import { policy, says, startSource, vector, type Source } from '../metrics/custom/source.ts';
import { app } from '../release/story.ts';

let source: Source;

before(async () => {
  source = await startSource(says(200, vector('0.25')));
});

after(() => source.close());

function live(...metrics: readonly MetricPolicy[]): AppState {
  const config = { ...app(), judge: { tickMs: 10_000, alpha: 0.01, beta: 0.05, limits: {}, metrics } };
  const blue = { version: 'v1', directory: null, spec: config, size: 'full', phase: 'running' } as const;
  return {
    ...nothing('shop'),
    config,
    live: 'blue',
    releases: 3,
    environments: { blue, green: null },
  };
}

async function checked(state: AppState): Promise<Check | undefined> {
  const environment = { TOKEN: 'hunter22' };
  const [check, ...more] = await metricChecks({ states: [state], environment, fetch });
  assert.deepEqual(more, []);
  return check;
}

test('an app without metrics has nothing to be asked', async () => {
  assert.equal(await checked({ ...nothing('shop'), config: app() }), undefined);
  assert.equal(await checked(nothing('shop')), undefined);
});

test('each metric is asked once for what is live, and its number is told', async () => {
  const query = 'errors{environment="{environment}",version="{version}",release="{release}"}';
  const from = { kind: 'prometheus', url: source.url, query, headers: {} } as const;
  const check = await checked(live(policy(source.url, { source: from })));
  assert.deepEqual(check, { name: 'shop errors', state: 'ok', says: '0.25 on blue', remedy: null });
  assert.equal(
    source.asked.at(-1)?.searchParams.get('query'),
    'errors{environment="blue",version="v1",release="shop-3"}',
  );
});

test('one without a number is warned of, with the reason and without its secret', async () => {
  source.answer = says(200, vector());
  const empty = await checked(live(policy(source.url)));
  assert.equal(empty?.state, 'warning');
  assert.equal(empty.says, 'no number for blue: no series');
  const { config } = live(policy(source.url));
  const first = await checked({ ...nothing('shop'), config });
  assert.equal(first?.state, 'ok', 'nothing is live yet, so there is nothing to be found');
  source.answer = says(503, '{"status":"error","errorType":"unavailable","error":"for hunter22"}');
  const headers = { authorization: { kind: 'secret', source: 'env', name: 'TOKEN' } } as const;
  const from = { kind: 'prometheus', url: source.url, query: 'up', headers } as const;
  const down = await checked(live(policy(source.url, { source: from })));
  assert.equal(down?.says, 'no number for blue: Prometheus says unavailable: for [secret]');
  assert.match(down.remedy ?? '', /judge\.metrics/);
});
