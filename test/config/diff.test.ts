import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { parseConfig } from '../../src/config/load.ts';

function shop(process = '', rest: readonly string[] = []): App {
  const lines = rest.map((line) => `\n    ${line}`).join('');
  const text = `apps:\n  shop:\n    run: { process: { command: node server.js${process} } }${lines}`;
  const app = parseConfig(text, '/srv/teal.yaml').apps['shop'];
  assert.ok(app);
  return app;
}

test('nothing changed is no difference', () => {
  assert.deepEqual(diffConfig(shop(), shop()), []);
  assert.deepEqual(diffConfig(null, null), []);
});

test('routing changes take effect now, what a process is started with and how a release goes at the next one', () => {
  const after = shop(', instances: 3, stop-signal: SIGINT', [
    'hosts: [shop.example]',
    'health: { interval: 2s }',
    'release: { promote: manual, tests: [{ http: /, contains: Shop }] }',
    'keep: 9',
  ]);
  assert.deepEqual(diffConfig(shop(), after), [
    { path: 'hosts', before: '[]', after: '[shop.example]', effect: 'now' },
    {
      path: 'release.tests[0]',
      before: null,
      after: 'GET /: GET / gives 200-299 containing "Shop", within 10s',
      effect: 'next release',
    },
    { path: 'release.promote', before: 'auto', after: 'manual', effect: 'next release' },
    { path: 'keep', before: '5', after: '9', effect: 'now' },
    { path: 'run.process.instances', before: '1', after: '3', effect: 'next release' },
    { path: 'run.process.stop-signal', before: 'SIGTERM', after: 'SIGINT', effect: 'next release' },
    { path: 'health.interval', before: '1s', after: '2s', effect: 'next release' },
  ]);
});

test('roles are told by their own keys, and what they inherit is told once', () => {
  const roles =
    'roles: { worker: { command: node worker.js }, admin: { kind: web, command: a, paths: [/a] } }';
  const changed =
    'roles: { worker: { command: node work.js, instances: 2 }, admin: { kind: web, command: a, paths: [/b], health: { fall: 9 } } }';
  assert.deepEqual(
    diffConfig(shop('', [roles]), shop(', stop-deadline: 20s, environment: { A: x }', [changed])).map(
      ({ path, effect }) => `${path} ${effect}`,
    ),
    [
      'run.process.environment.A next release',
      'run.process.stop-deadline next release',
      'roles.worker.command next release',
      'roles.worker.instances next release',
      'roles.admin.paths now',
      'roles.admin.health.fall next release',
    ],
  );
});

test('a role or an app that comes or goes is one difference', () => {
  const role = 'roles: { worker: { command: [node, worker.js, "a b"] } }';
  const worker = { path: 'roles.worker', effect: 'next release' };
  const told = "node worker.js 'a b'";
  assert.deepEqual(diffConfig(shop(), shop('', [role])), [{ ...worker, before: null, after: told }]);
  assert.deepEqual(diffConfig(shop('', [role]), shop()), [{ ...worker, before: told, after: null }]);
  assert.deepEqual(diffConfig(null, shop()), [
    { path: '', before: null, after: 'node server.js', effect: 'next release' },
  ]);
  assert.deepEqual(diffConfig(shop(), null), [
    { path: '', before: 'node server.js', after: null, effect: 'now' },
  ]);
});

test('secrets are shown by their names, and plain values that look like secrets not at all', () => {
  const before = shop(', environment: { DB_PASSWORD: hunter2, API_TOKEN: { secret: env:TOKEN } }');
  const after = shop(', environment: { DB_PASSWORD: hunter3, API_TOKEN: { secret: file:/run/token } }');
  const differences = diffConfig(before, after);
  assert.deepEqual(differences, [
    {
      path: 'run.process.environment.DB_PASSWORD',
      before: 'a plain value (not shown)',
      after: 'a plain value (not shown)',
      effect: 'next release',
    },
    {
      path: 'run.process.environment.API_TOKEN',
      before: 'secret env:TOKEN',
      after: 'secret file:/run/token',
      effect: 'next release',
    },
  ]);
});
