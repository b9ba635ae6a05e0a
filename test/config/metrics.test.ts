import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { checkConfig, parseConfig } from '../../src/config/load.ts';
import { filled } from '../../src/config/metrics.ts';

const file = (...metrics: readonly string[]): string =>
  [
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    '    judge:',
    '      metrics:',
    ...metrics.map((metric) => `        - ${metric}`),
  ].join('\n');

function shop(...metrics: readonly string[]): App {
  const app = parseConfig(file(...metrics), '/srv/teal.yaml').apps['shop'];
  assert.ok(app);
  return app;
}

test('metrics become the typed form, with their defaults', () => {
  const { judge } = shop(
    `{ name: errors, max: 0.05, prometheus: { url: "http://localhost:9090/", query: 'sum(up{app="{app}"})' } }`,
    '{ name: queue, min: 1, max-ratio: 2, min-ratio: 0.5, floor: 3, interval: 5s, window: 0s, failures: 1, delay: 1m, timeout: 2s, no-data: fail, dry-run: true, http: { url: "https://a.example/{environment}.json", path: $.depth, headers: { Authorization: { secret: file:token } } } }',
  );
  assert.deepEqual(judge?.metrics, [
    {
      name: 'errors',
      source: {
        kind: 'prometheus',
        url: 'http://localhost:9090',
        query: 'sum(up{app="{app}"})',
        headers: {},
      },
      limits: { max: 0.05, min: null, maxRatio: null, minRatio: null, floor: 0 },
      intervalMs: 10_000,
      windowMs: 60_000,
      delayMs: 0,
      timeoutMs: 5000,
      failures: 3,
      noData: 'inconclusive',
      dryRun: false,
    },
    {
      name: 'queue',
      source: {
        kind: 'http',
        url: 'https://a.example/{environment}.json',
        path: '$.depth',
        headers: { authorization: { kind: 'secret', source: 'file', name: '/srv/token' } },
      },
      limits: { max: null, min: 1, maxRatio: 2, minRatio: 0.5, floor: 3 },
      intervalMs: 5000,
      windowMs: 0,
      delayMs: 60_000,
      timeoutMs: 2000,
      failures: 1,
      noData: 'fail',
      dryRun: true,
    },
  ]);
});

test('placeholders are filled in, and the braces of PromQL are left alone', () => {
  const values = { app: 'shop', environment: 'green', version: 'v2', release: 'shop-7' };
  assert.equal(
    filled('sum(rate(e{app="{app}",env="{environment}",v=~"{version}|x{2}"}[1m])) # {release}', values),
    'sum(rate(e{app="shop",env="green",v=~"v2|x{2}"}[1m])) # shop-7',
  );
});

test('a secret in plain sight, and one that travels in plain, are warned of without showing either', () => {
  const asks = (url: string, headers: string): string =>
    `{ name: a, max: 1, http: { url: "${url}", path: $, headers: ${headers} } }`;
  const told = (url: string, headers: string): readonly string[] =>
    checkConfig(file(asks(url, headers)), 'teal.yaml').map(
      ({ severity, path, got }) => `${severity} ${path} ${got}`,
    );
  const path = 'apps.shop.judge.metrics[0].http';
  const secret = '{ authorization: { secret: env:TOKEN } }';
  assert.deepEqual(told('https://a.example/', '{ Authorization: Bearer hunter22 }'), [
    `warning ${path}.headers.authorization a plain value (not shown)`,
  ]);
  assert.deepEqual(told('http://a.example/', secret), [`warning ${path}.url http://`]);
  for (const near of ['https://a.example/', 'http://localhost:1/', 'http://127.0.0.1/', 'http://[::1]:1/'])
    assert.deepEqual(told(near, secret), []);
  assert.equal(told('http://localhost.example/', secret).length, 1);
});

test('what changed in a metric is told by its key, and no header is shown', () => {
  const metric = (max: number, query: string, header: string): string =>
    `{ name: a, max: ${max}, prometheus: { url: "http://localhost:9090", query: ${query}, headers: { x-tenant: ${header} } } }`;
  const before = shop(metric(1, 'up', 'hunter22'));
  assert.deepEqual(diffConfig(before, shop(metric(2, 'down', 'hunter33'))), [
    { path: 'judge.metrics.a.prometheus.query', before: 'up', after: 'down', effect: 'next release' },
    {
      path: 'judge.metrics.a.prometheus.headers.x-tenant',
      before: 'a plain value (not shown)',
      after: 'a plain value (not shown)',
      effect: 'next release',
    },
    { path: 'judge.metrics.a.max', before: '1', after: '2', effect: 'next release' },
  ]);
  const { judge: _, ...older } = before;
  assert.deepEqual(
    diffConfig(older, { ...before, judge: null }),
    [],
    'what an older Teal wrote was not judged',
  );
});
