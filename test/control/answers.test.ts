/** What a running Teal answers is what docs/openapi.json says: every route, over the real socket. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { mistakes } from '../../scripts/fuzz-api/conform.ts';
import { routes, type RouteId } from '../../src/control/api/routes/routes.ts';
import { project, yaml, type Answer, type Project, type Running } from './project.ts';
import { until } from './help.ts';

const audiences = `    identity: { sources: [{ header: x-user, from: anyone }] }
    audiences: { testers: { cookie: { name: beta, exact: "yes" } } }
`;

describe('every answer is what the document says', () => {
  let shop: Project;
  let running: Running;
  const seen = new Set<RouteId>();
  const ended: (() => unknown)[] = [];
  const fake = { after: (run: () => unknown) => ended.push(run) } as never;

  before(async () => {
    shop = await project(
      fake,
      yaml({ release: 'promote: manual', app: audiences }).replace(
        'workers: 1',
        'workers: 1, access-log: logs',
      ),
    );
    running = await shop.up();
  });
  after(async () => {
    for (const run of ended) await run();
  });

  interface Asking {
    readonly body?: unknown;
    readonly status?: number;
    readonly app?: string;
    readonly search?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }

  const ask = async (
    id: RouteId,
    { body, status = 200, app = 'shop', search = '', headers = {} }: Asking = {},
  ) => {
    const { method, path } = routes[id];
    const at = path.replace(/:\w+/, app);
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await running.api.raw(method, `${at}${search}`, sent, headers);
    assert.equal(answer.status, status, `${id}: ${answer.body}`);
    right(id, method, answer);
    if (status === 200) seen.add(id);
    return answer;
  };

  function right(id: RouteId | null, method: string, { status, body, headers }: Answer): void {
    const known = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    assert.deepEqual(
      mistakes(id, method, { status, body, headers: known }),
      [],
      `${id ?? 'nothing'}: ${body}`,
    );
  }

  test('before anything is deployed', async () => {
    for (const id of ['overview', 'board', 'traffic', 'releases'] as const) await ask(id);
    await ask('login-link', { status: 409 });
    for (const id of ['status', 'app', 'evidence', 'doctor', 'healthz', 'readyz', 'openapi'] as const)
      await ask(id);
    for (const id of ['metrics', 'errors', 'events', 'logs', 'access', 'security'] as const) await ask(id);
    await ask('error', { app: 'app-unknown' });
    await ask('error', { app: 'nope', status: 404 });
    await ask('app', { app: 'nope', status: 404 });
    await ask('preview', { status: 409 });
    await ask('explain', { body: {}, status: 409 });
    await ask('rollback', { status: 409 });
    await ask('rollback-all');
  });

  test('through a release, and back', async () => {
    await ask('plan', { body: { version: 'v1' } });
    await ask('deploy', { body: { version: 'v1', promote: 'auto' } });
    await running.when('v1 is live', ({ release }) => release?.status === 'completed');
    await ask('explain', { body: { user: 'anna', ip: '192.0.2.1' } });
    await ask('flags');
    await ask('unknown-flags');
    await ask('deploy', { body: { version: 'v2' } });
    const waiting = await running.when('it waits', ({ release }) => release?.step?.name === 'approve');
    for (const id of ['pause', 'resume', 'freeze', 'unfreeze', 'preview', 'status'] as const) await ask(id);
    for (const id of ['overview', 'board', 'traffic', 'releases'] as const) await ask(id);
    await ask('pause', { body: { seen: 'something else' }, status: 409 });
    await ask('deploy', { body: { version: 'v3' }, status: 409 });
    await ask('reject', { body: { step: waiting.release?.step?.index ?? 0, reason: 'no' } });
    await running.when('it is aborted', ({ release }) => release?.status === 'aborted');
    await ask('retry');
    await running.when('it waits', ({ release }) => release?.step?.name === 'approve');
    await ask('approve', { body: { step: waiting.release?.step?.index ?? 0, reason: 'yes' } });
    await running.when('v2 is live', ({ release }) => release?.status === 'promoted');
    await ask('rollback', { body: { reason: 'bad' } });
    await running.when('v1 is live', ({ release }) => release?.status === 'rolled-back');
    await ask('deploy', { body: { version: 'v3' } });
    await running.when('it waits', ({ release }) => release?.step?.name === 'approve');
    await ask('promote', { body: { full: true } });
    await running.when('v3 is live', ({ release }) => release?.status === 'promoted');
    await ask('abort', { status: 409 });
    await ask('rollback-all', { body: { reason: 'all' } });
  });

  test('beside releases', async () => {
    await ask('scale', { body: { instances: 2 } });
    await ask('scale', { body: { instances: -1 }, status: 400 });
    await ask('maintenance', { body: { on: true } });
    await ask('maintenance', { body: { on: false } });
    await ask('restart');
    await ask('rotate-keys');
    await ask('apply', { body: { file: shop.file } });
    await ask('apply', { body: { file: '/nowhere/teal.yaml' }, status: 400 });
    await running.ask();
    const lines = await until('a request is in the log', async () => {
      const answer = await ask('access', { search: '?lines=5' });
      return answer.body !== '' && answer;
    });
    right('access', 'GET', lines);
    await ask('logs', { search: '?lines=10' });
    await ask('events', { search: '?limit=1000' });
    await ask('status');
    await ask('doctor');
    const { body: lease } = await ask('lease', { body: { of: 'shop' } });
    const { id } = JSON.parse(lease) as { id: string };
    await ask('lease', { body: { of: 'shop' }, status: 409 });
    await ask('renew-lease', { app: id });
    await ask('end-lease', { app: id });
    await ask('renew-lease', { app: id, status: 409 });
    for (const id of ['contract', 'undo'] as const) await ask(id, { status: 409 });
    await ask('group-plan', { body: { version: 'v1' }, status: 404 });
    await ask('group-rollback', { status: 404 });
  });

  test('who may come in', async () => {
    for (const id of ['whoami', 'session', 'audit', 'audit-verify', 'audit-export', 'logout'] as const)
      await ask(id);
    await ask('create-token', { body: { name: 'ci', role: 'deployer', apps: ['shop'], expiresMs: 60_000 } });
    await ask('create-token', { body: { name: 'ci', role: 'deployer' }, status: 400 });
    await ask('tokens');
    await ask('revoke-token', { app: 'ci' });
    await ask('revoke-token', { app: 'ci', status: 400 });
    await ask('audit-verify', { search: `?expect=${'0'.repeat(64)}` });
    await ask('audit', { search: '?limit=2&before=3' });
    const digest = createHash('sha256').update('an archive').digest('base64');
    const headers = { 'content-type': 'application/gzip', 'content-digest': `sha-256=:${digest}:` };
    await ask('upload', { body: 'an archive', headers });
    await ask('upload', { body: 'another one', headers, status: 422 });
    await ask('upload', { body: 'an archive', headers: { ...headers, 'x-teal-packed': 'box' }, status: 400 });
    await ask('login-device', { status: 400 });
    await ask('login-device-token', { body: { id: 'x'.repeat(43) }, status: 400 });
  });

  test('what is refused before it is known what for', async () => {
    const { api } = running;
    right(null, 'GET', await api.raw('GET', '/v1/nothing'));
    right(null, 'POST', await api.raw('POST', '/v1/apps/shop/rolback', '{}'));
    right('status', 'DELETE', await api.raw('DELETE', '/v1/status'));
    right('status', 'OPTIONS', await api.raw('OPTIONS', '/v1/status'));
    right('pause', 'POST', await api.raw('POST', '/v1/apps/shop/pause', '{'));
    right('events', 'GET', await api.raw('GET', '/v1/events?limit=x'));
    right('events', 'GET', await api.raw('GET', '/v1/events?limti=1'));
  });

  // Last: it ends the one that all tests share.
  test('the end, and no route was forgotten', async () => {
    const program = { program: '/opt/teal/bin/teal.js', node: process.execPath };
    await ask('upgrade', { body: program, status: 409 });
    await ask('stop', { body: { everything: false } });
    await running.control.ended;
    // Signing in is looked at with an issuer: sign-in.test.ts, and the fuzz. Only `teal up` can be upgraded: cli/upgrade.test.ts.
    const elsewhere = new Set<RouteId>([
      'abort',
      'remove',
      // Where there is a migration: test/cli, test/acceptance.
      'contract',
      'undo',
      'event-stream',
      // Where browsers come in: test/browser.
      'login-link',
      'login-device',
      'login-device-token',
      'upgrade',
    ]);
    const left = (Object.keys(routes) as RouteId[]).filter(
      (id) => !seen.has(id) && !elsewhere.has(id) && !id.startsWith('group-'),
    );
    assert.deepEqual(left, []);
  });
});
