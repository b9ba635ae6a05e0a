/** Every route of the API, over the real socket where it matters, and in memory where the trouble has to be made. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { api } from '../../src/control/api/app.ts';
import { followEvents } from '../../src/control/api/events.ts';
import { teal } from '../../src/control/apps.ts';
import type {
  AppStatus,
  ApplyResult,
  Check,
  CommandResult,
  EventView,
  LogLine,
  PreviewLink,
  Status,
} from '../../src/control/contract.ts';
import type { ErrorJson } from '../../src/errors.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { settle, until } from './help.ts';
import { project, Refused, yaml, type Project, type Running } from './project.ts';

/** What it was refused with. */
const refusal = async (asked: Promise<unknown>): Promise<Refused> => {
  const error = await asked.then(
    () => null,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof Refused, `refused, not ${String(error)}`);
  return error;
};

describe('the API of a running Teal', () => {
  let shop: Project;
  let running: Running;
  const ended: (() => unknown)[] = [];
  const fake = { after: (run: () => unknown) => ended.push(run) } as never;

  before(async () => {
    shop = await project(fake, yaml({ release: 'promote: manual' }));
    running = await shop.up();
    await running.api.post('/v1/apps/shop/deploy', { version: 'v1', promote: 'auto', reason: 'the first' });
    await running.when('v1 is live', ({ release }) => release?.status === 'completed');
  });
  after(async () => {
    for (const run of ended) await run();
  });

  test('is on a socket for this user only', async () => {
    assert.equal((await stat(running.control.socket)).mode & 0o777, 0o600);
  });

  test('GET /v1/status', async () => {
    const status = await running.api.get<Status>('/v1/status');
    assert.equal(status.pid, process.pid);
    assert.equal(status.config, shop.file);
    assert.equal(status.router?.workers.length, 1);
    assert.deepEqual(
      status.apps.map(({ app, version }) => [app, version]),
      [['shop', 'v1']],
    );
  });

  test('GET /v1/apps/:app, and an app there is not, with what was meant', async () => {
    assert.equal((await running.api.get<AppStatus>('/v1/apps/shop')).live, 'blue');
    const { status, json } = await refusal(running.api.get('/v1/apps/shpo'));
    assert.equal(status, 404);
    assert.equal(json.code, 'app-unknown');
    assert.match(json.message, /Did you mean shop\?/);
    assert.equal((await refusal(running.api.post('/v1/apps/nope/pause'))).json.remedy, 'the apps are: shop');
  });

  test('commands say what they did, and the history who asked and why', async () => {
    const { did, app } = await running.api.post<CommandResult>('/v1/apps/shop/maintenance', {
      on: true,
      message: 'painting',
      reason: 'spring',
    });
    assert.equal(did, 'maintenance: painting');
    assert.deepEqual(app.maintenance, { message: 'painting' });
    // The answer says what is decided; the routers have it a moment later.
    await until('the page of maintenance is served', async () =>
      (await running.ask()).body.includes('painting'),
    );
    await running.api.post('/v1/apps/shop/maintenance', { on: false });
    await until('the app answers again', async () => (await running.ask()).body === 'v1');
    const events = await running.api.get<EventView[]>('/v1/events?app=shop&limit=2');
    assert.deepEqual(
      events.map(({ type, actor, reason }) => [type, actor, reason]),
      [
        ['maintenance-set', 'user:test', null],
        ['maintenance-set', 'user:test', 'spring'],
      ],
    );
    const older = await running.api.get<EventView[]>(`/v1/events?limit=1&before=${events[1]?.seq}`);
    assert.ok((older[0]?.seq ?? Infinity) < (events[1]?.seq ?? 0));
  });

  test('refuses a bad command, body, number, place and version, each with what to do', async () => {
    const bad: [() => Promise<unknown>, number, RegExp][] = [
      [() => running.api.post('/v1/apps/shop/rolback'), 404, /no command rolback. Did you mean rollback\?/],
      [
        () => running.api.post('/v1/apps/shop/scale', { instances: 'two' }),
        400,
        /instances: expected number/,
      ],
      [() => running.api.post('/v1/apps/shop/scale', {}), 400, /^instances is missing/],
      [
        () => running.api.post('/v1/apps/shop/scale', { instances: 0 }),
        400,
        /0 is not a number of instances/,
      ],
      [() => running.api.post('/v1/apps/shop/scale', { instances: 2, role: 'nope' }), 400, /no role nope/],
      [() => running.api.post('/v1/apps/shop/maintenance', {}), 400, /^on is missing/],
      [() => running.api.post('/v1/apps/shop/pause', { colour: 'red' }), 400, /colour/],
      [() => running.api.post('/v1/apps/shop/deploy', {}), 400, /^version is missing/],
      [
        () => running.api.post('/v1/apps/shop/deploy', { version: '../etc' }),
        400,
        /is not the name of a version/,
      ],
      [() => running.api.post('/v1/apps/shop/deploy', { version: 'v1' }), 409, /v1 is the live version/],
      [() => running.api.post('/v1/apps/shop/rollback'), 409, /no version live before v1/],
      [
        () => running.api.post('/v1/apps/shop/deploy', { version: 'v9', from: '/no/such/folder' }),
        422,
        /no\/such\/folder/,
      ],
      [() => running.api.get('/v1/events?limit=many'), 400, /limit=many/],
      [() => running.api.get('/v1/events?app=nope'), 404, /no app nope/],
      [() => running.api.get('/v1/nothing'), 404, /nothing at \/v1\/nothing/],
      [() => running.api.post('/v1/stop', {}), 400, /everything/],
    ];
    for (const [asked, status, message] of bad) {
      const refused = await refusal(asked());
      assert.match(refused.json.message, message);
      assert.equal(refused.status, status, refused.json.message);
      assert.ok(refused.json.remedy.length > 3);
    }
    const garbage = await running.api.raw('POST', '/v1/apps/shop/pause', '{');
    assert.deepEqual([garbage.status, (JSON.parse(garbage.body) as ErrorJson).code], [400, 'usage']);
    assert.equal((await running.ask()).body, 'v1', 'traffic is not touched');
  });

  test('refuses a version whose folder is not there, or is the same for every version', async () => {
    const missing = await refusal(running.api.post('/v1/apps/shop/deploy', { version: 'v7' }));
    assert.equal(missing.json.code, 'version-unknown');
    assert.match(missing.json.message, /versions\/v7 is not a folder/);
    assert.match(missing.json.remedy, /--from/);
    await shop.write('teal.yaml', yaml().replace('./versions/{version}', './app'));
    await running.api.post('/v1/apply', { file: shop.file });
    const { json } = await refusal(running.api.post('/v1/apps/shop/deploy', { version: 'v7' }));
    assert.equal(json.code, 'version-unknown');
    assert.match(json.message, /app is the same folder for every version/);
    assert.match(json.remedy, /--from/);
    await shop.write('teal.yaml', yaml({ release: 'promote: manual' }));
    await running.api.post('/v1/apply', { file: shop.file });
  });

  test('POST /v1/apply shows the difference, and applies all of it or nothing', async () => {
    await shop.write('teal.yaml', yaml({ release: 'promote: manual, rollback-window: 10m' }));
    const shown = await running.api.post<ApplyResult>('/v1/apply', { file: shop.file, dryRun: true });
    assert.deepEqual(shown.changes, [
      { app: 'shop', path: 'release.rollback-window', before: '1h', after: '10m', effect: 'next release' },
    ]);
    assert.equal(shown.applied, false);
    assert.ok((await running.api.post<ApplyResult>('/v1/apply', { file: shop.file })).applied);
    assert.deepEqual((await running.api.post<ApplyResult>('/v1/apply', { file: shop.file })).changes, []);
    await shop.write('teal.yaml', yaml({ release: 'promote: never' }));
    assert.equal(
      (await refusal(running.api.post('/v1/apply', { file: shop.file }))).json.code,
      'config-invalid',
    );
    await shop.write('teal.yaml', yaml({ release: 'promote: manual' }).replace('shop:', 'store:'));
    const { json } = await refusal(running.api.post('/v1/apply', { file: shop.file }));
    assert.equal(json.code, 'route-conflict');
    assert.equal(json.remedy, 'remove it first: teal remove shop');
    await shop.write('teal.yaml', yaml({ release: 'promote: manual', listen: '127.0.0.1:1' }));
    const { changes } = await running.api.post<ApplyResult>('/v1/apply', { file: shop.file, dryRun: true });
    assert.ok(changes.some(({ path, effect }) => path === 'router' && effect === 'restart of teal'));
    assert.equal((await running.ask()).body, 'v1');
    await shop.write('teal.yaml', yaml({ release: 'promote: manual' }));
    await running.api.post('/v1/apply', { file: shop.file });
  });

  test('GET preview: nothing without a candidate, then a link and a header that work', async () => {
    assert.equal((await refusal(running.api.get('/v1/apps/shop/preview'))).json.code, 'wrong-state');
    await running.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await running.when('it waits for approval', ({ release }) => release?.step?.name === 'approve');
    const second = await refusal(running.api.post('/v1/apps/shop/deploy', { version: 'v3' }));
    assert.equal(second.json.code, 'release-in-progress');
    const link = await running.api.get<PreviewLink>('/v1/apps/shop/preview');
    assert.equal((await running.ask(link.url)).body, 'v2');
    assert.equal((await running.ask('/', { [link.header.name]: link.header.value })).body, 'v2');
    assert.equal((await running.ask('/', { [link.header.name]: 'v2' })).status, 403);
    await running.api.post('/v1/apps/shop/promote');
    await running.when('v2 is live', ({ release }) => release?.status === 'promoted');
    const old = await running.api.get<PreviewLink>('/v1/apps/shop/preview');
    assert.equal((await running.ask(old.url)).body, 'v1', 'after the switch the idle one is the old one');
  });

  test('GET logs, of all instances and of one role', async () => {
    await running.ask('/secret');
    const lines = await until('it was logged', async () => {
      const { body } = await running.api.raw('GET', '/v1/apps/shop/logs?lines=5');
      return body.includes('the key is') && body.trim().split('\n');
    });
    const line = JSON.parse(lines[0] ?? '') as LogLine;
    assert.equal(line.role, 'web');
    assert.equal((await running.api.raw('GET', '/v1/apps/shop/logs?role=worker')).body, '');
    assert.equal((await running.api.raw('GET', '/v1/apps/nope/logs')).status, 404);
  });

  test('GET /v1/doctor', async () => {
    const checks = await running.api.get<Check[]>('/v1/doctor');
    assert.match(checks.find(({ name }) => name === 'limits')?.says ?? '', /^enforced: [^{]*open-files/);
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
    assert.equal(states['router'], 'ok');
    assert.equal(states['event log'], 'ok');
    assert.equal(states['shop'], 'ok');
    for (const { says, remedy, state } of checks)
      assert.ok(says !== '' && (state === 'ok' || remedy !== null));
    await shop.write('teal.yaml', yaml());
    const again = await running.api.get<Check[]>('/v1/doctor');
    assert.match(again.find(({ name }) => name === 'teal.yaml')?.says ?? '', /not applied yet: shop/);
    await shop.write('teal.yaml', 'apps: 7');
    const broken = await running.api.get<Check[]>('/v1/doctor');
    assert.equal(broken.find(({ name }) => name === 'teal.yaml')?.state, 'failed');
    await shop.write('teal.yaml', yaml({ release: 'promote: manual' }));
  });

  // Last: it ends the one that all tests share.
  test('streams go on until the client goes or Teal ends; POST /v1/stop ends it, and nothing else', async () => {
    const first = await running.api.stream('/v1/events?follow=1&app=shop');
    const second = await running.api.stream('/v1/events?follow=1');
    const logs = await running.api.stream('/v1/apps/shop/logs?follow=1');
    await until('it has the past', () => second.lines.length > 10);
    second.close();
    await running.api.post('/v1/apps/shop/maintenance', { on: true });
    await until('it has the present', () => first.lines.some((line) => line.includes('Back soon')));
    const seqs = first.lines.map((line) => (JSON.parse(line) as EventView).seq);
    assert.deepEqual(
      seqs,
      seqs.toSorted((a, b) => a - b),
    );
    await running.api.post('/v1/apps/shop/maintenance', { on: false });
    await running.api.post('/v1/stop', { everything: false });
    assert.equal(await first.end, 'ended');
    assert.equal(await logs.end, 'ended');
    await running.control.ended;
    assert.equal((await running.ask()).body, 'v2', 'the router goes on');
    await assert.rejects(running.api.get('/v1/status'));
  });
});

describe('the API in trouble', () => {
  const served = (deps: FakeDeps) =>
    api(deps, {
      access: deps.access,
      startedAt: 0,
      stop: () => undefined,
      closing: new AbortController().signal,
    });
  const post = (deps: FakeDeps, at: string, body: unknown) =>
    served(deps).request(at, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

  test('answers disk-full when nothing can be stored, and works again', async (t) => {
    const deps = await fakeDeps(t, undefined, 40);
    const message = 'x'.repeat(1999);
    const fill = async (): Promise<Response> => {
      for (;;) {
        const answer = await post(deps, '/v1/apps/shop/maintenance', { on: true, message, reason: message });
        if (answer.status !== 200) return answer;
      }
    };
    const refused = await fill();
    assert.equal(refused.status, 507);
    assert.equal(((await refused.json()) as ErrorJson).code, 'disk-full');
    assert.equal((await served(deps).request('/v1/status')).status, 200, 'looking is possible');
  });

  test('answers a command although the router does not, and soon', async (t) => {
    const deps = await fakeDeps(t);
    deps.router.beforeStatus = () => new Promise(() => undefined);
    const began = performance.now();
    const answer = await post(deps, '/v1/apps/shop/maintenance', { on: true });
    assert.equal(answer.status, 200);
    assert.ok(performance.now() - began < 450, 'it does not wait as long as a status does');
    const status = (await (await served(deps).request('/v1/status')).json()) as Status;
    assert.equal(status.router, null);
  });

  test('tells of an app that the command has removed', async (t) => {
    const deps = await fakeDeps(t);
    const answer = await post(deps, '/v1/apps/shop/remove', {});
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as CommandResult).app.live, null);
  });

  test('calls a fault of its own internal, and says so', async (t) => {
    const deps = await fakeDeps(t);
    deps.platform.instances = () => {
      throw new Error('a bug');
    };
    const answer = await served(deps).request('/v1/status');
    assert.equal(answer.status, 500);
    assert.equal(((await answer.json()) as ErrorJson).code, 'internal');
  });
});

describe('following events', () => {
  test('misses none and repeats none between the past and the present', async (t) => {
    const deps = await fakeDeps(t);
    const over = new AbortController();
    const seen: number[] = [];
    // Slow: events come while the past is still being told.
    const following = (async () => {
      for await (const { seq } of followEvents(deps, { apps: ['shop'], after: 0 }, over.signal)) {
        seen.push(seq);
        await settle();
      }
    })();
    const message = (index: number) => ({ type: 'maintenance', message: `${index}` }) as const;
    for (let index = 0; index < 60; index++) await deps.apps.submit('shop', message(index), teal);
    await until('all have come', () => seen.length >= 61);
    over.abort();
    await following;
    assert.deepEqual(
      seen,
      Array.from({ length: 61 }, (_, index) => index + 1),
    );
  });

  test('goes back over more than one page', async (t) => {
    const deps = await fakeDeps(t);
    const events = Array.from({ length: 2500 }, () => ({
      at: 1,
      actor: 'a',
      reason: null,
      type: 'restarted',
      data: {},
    }));
    await deps.store.append('shop', 1, events);
    const over = new AbortController();
    const seen: number[] = [];
    for await (const { seq } of followEvents(deps, { apps: ['shop'], after: 100 }, over.signal)) {
      seen.push(seq);
      if (seq === 2501) over.abort();
    }
    assert.equal(seen.length, 2401);
    assert.equal(seen[0], 101);
  });
});
