// People are counted as the judge takes them, through real sockets and processes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { AudienceTable } from '../../src/audience/table.ts';
import { bucketOf } from '../../src/audience/bucket.ts';
import { check, type Count, type Stratum } from '../../src/judge/facts.ts';
import type { Counted } from '../../src/metrics/counted.ts';
import type { AppTable } from '../../src/router/table.ts';
import { makeWorld, type Case, type World } from '../audience/cases.ts';
import { answerOf, Http2Client } from './http2-rig.ts';
import { start, type Running } from './process-rig.ts';
import {
  appTable,
  closed,
  endpoint,
  exchange,
  lastGet,
  listen,
  portOf,
  previewKey,
  rawOrigin,
  tableOf,
  until,
  upstream,
  type Origin,
} from './rig.ts';
import { signPreview } from '../../src/router/preview.ts';

let running: Running;
let world: World;
let origins: { blue: Origin; green: Origin };
let port = 0;
let refusing = 0;
let generation = 0;
let releases = 0;

/** Says who it is, and does what the path asks for. */
function app(name: string): Promise<Origin> {
  return rawOrigin((socket, text) => {
    if (!text.endsWith('\r\n\r\n')) return;
    const path = /GET \/(\w*)/.exec(text)?.[1] ?? '';
    const status = Number(path);
    if (path === 'hang') return;
    if (path === 'gone') socket.destroy();
    else if (path === 'cut')
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy());
    else if (path === 'broken') {
      socket.write('HTTP/1.1 500 Broken\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy());
    } else if (path === 'ws') {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    } else if (path === 'slow') setTimeout(() => socket.write(answer(200, name)), 700);
    else socket.end(answer(status > 0 ? status : 200, name));
  });
}
const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} x\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

before(async () => {
  world = makeWorld();
  origins = { blue: await app('blue'), green: await app('green') };
  running = await start({ workers: 2, h2c: [{ host: '127.0.0.1', port: 0 }] });
  port = await running.port();
  // Nobody listens there any more.
  const server = net.createServer();
  await listen(server);
  refusing = portOf(server);
  await closed(server);
});

after(async () => {
  await running[Symbol.asyncDispose]();
  await origins.blue[Symbol.asyncDispose]();
  await origins.green[Symbol.asyncDispose]();
  world.remove();
});

interface Use {
  readonly release?: string;
  /** In percent; null: nothing is exposed yet. */
  readonly percent?: number | null;
  readonly more?: Partial<AppTable>;
  readonly audience?: Partial<AudienceTable>;
  readonly refuses?: boolean;
  readonly slow?: { readonly q95: number; readonly q99: number } | null;
}

/** Puts a table in force by which a release exposes so many. @returns its release, a new one unless it is named */
async function use({
  percent = 10,
  more = {},
  audience = {},
  refuses = false,
  ...use
}: Use = {}): Promise<string> {
  const release = use.release ?? `r${++releases}`;
  const exposed = percent === null ? null : [{ to: [], width: percent * 1000 }];
  const people: AudienceTable = {
    app: 'shop',
    live: 'blue',
    release: exposed === null ? null : { id: release, candidate: 'green', cohort: 'same', exposed },
    identity: {
      sources: [
        { kind: 'jwt', claim: 'sub' },
        { kind: 'header', name: 'x-user', from: 'anyone' },
        { kind: 'cookie', name: 'uid' },
      ],
      anonymous: 'release',
      cookieDomain: null,
      jwt: world.jwt,
    },
    audiences: {},
    paths: ['/'],
    offset: 0,
    ...audience,
  };
  const shop = appTable({
    environments: {
      blue: { version: 'v1', endpoints: [endpoint('b', origins.blue.port)] },
      green: { version: 'v2', endpoints: [endpoint('g', refuses ? refusing : origins.green.port)] },
    },
    upstream: { ...upstream, responseTimeoutMs: 1000 },
    audience: people,
    judged: {
      release,
      candidate: 'green',
      slow: use.slow === undefined ? { q95: 300, q99: 500 } : use.slow,
      scale: [],
    },
    ...more,
  });
  await running.router.apply(tableOf(++generation, shop));
  return release;
}

/** Names of people in a range of buckets: on the candidate below the share. */
function people(count: number, from: number, to: number): readonly string[] {
  const found: string[] = [];
  for (let index = 0; found.length < count; index++) {
    const bucket = bucketOf('shop', `user${index}`);
    if (bucket >= from * 1000 && bucket < to * 1000) found.push(`user${index}`);
  }
  return found;
}

const ask = (path: string, ...lines: string[]): Promise<string> => exchange(port, lastGet(path, ...lines));
const asUser = (path: string, user: string): Promise<string> => ask(path, `X-User: ${user}`);

/** Adds up ticks until `done` holds of all of them. */
async function counted(release: string, done: (sum: Sum) => boolean, from = 0): Promise<Sum> {
  const sum = new Sum();
  let seq = from;
  await until(async () => {
    const tick = await running.router.count({ app: 'shop', release, seq: seq++ });
    assert.equal(tick.lost, false);
    sum.add(tick);
    return done(sum);
  }, 'counts');
  return sum;
}

class Sum {
  ticks: Counted[] = [];

  add(tick: Counted): void {
    check({ ...tick, stage: '', phase: 'stepping', rules: [] });
    this.ticks.push(tick);
  }

  get strata(): readonly Stratum[] {
    return this.ticks.flatMap(({ strata }) => strata);
  }

  count(side: 'candidate' | 'live', metric: string, name = 'all'): Count {
    const counts = this.strata
      .filter((each) => each.name === name)
      .map(({ events }) => events[metric]?.[side]);
    return counts.reduce<Count>(
      (sum, each) => ({
        exposed: sum.exposed + (each?.exposed ?? 0),
        events: sum.events + (each?.events ?? 0),
      }),
      { exposed: 0, events: 0 },
    );
  }

  /** Events by metric, without those that did not happen. */
  events(side: 'candidate' | 'live'): Record<string, number> {
    const metrics = ['errors', 'errors-3', 'slow-95', 'slow-99', 'client-errors-3'];
    return Object.fromEntries(
      metrics
        .map((metric) => [metric, this.count(side, metric).events] as const)
        .filter(([, events]) => events > 0),
    );
  }

  people(key: 'requests' | 'failed' | 'anonymous'): readonly [number, number] {
    return this.ticks.reduce<[number, number]>(
      ([candidate, live], tick) => [candidate + tick[key].candidate, live + tick[key].live],
      [0, 0],
    );
  }

  get arrived(): readonly [number, number] {
    return this.strata.reduce<[number, number]>(
      ([candidate, live], { arrived }) => [candidate + arrived.candidate, live + arrived.live],
      [0, 0],
    );
  }
}

const [first = '', second = ''] = people(2, 0, 10);
const [livingOne = ''] = people(1, 50, 100);

describe('what happens to people', () => {
  const cases: readonly {
    readonly name: string;
    readonly paths: readonly string[];
    readonly events: Record<string, number>;
    readonly failed?: number;
    readonly refuses?: boolean;
  }[] = [
    { name: 'answers 200, 302 and 404: nothing', paths: ['/', '/302', '/404'], events: {} },
    { name: 'an answer of 500: a first error', paths: ['/', '/500'], events: { errors: 1 }, failed: 1 },
    {
      name: 'five of them: a first and a third error, of one person',
      paths: ['/503', '/500', '/', '/500', '/500', '/500'],
      events: { errors: 1, 'errors-3': 1 },
      failed: 5,
    },
    { name: 'three answers 4xx', paths: ['/404', '/403', '/', '/400'], events: { 'client-errors-3': 1 } },
    {
      name: 'a connection that ends without an answer, whoever gives one then',
      paths: ['/gone'],
      events: { errors: 1 },
      failed: 1,
    },
    { name: 'an answer that is cut', paths: ['/cut'], events: { errors: 1 }, failed: 1 },
    {
      name: 'an answer of 500 that is cut: one failure',
      paths: ['/broken', '/broken'],
      events: { errors: 1 },
      failed: 2,
    },
    { name: 'a late answer', paths: ['/slow'], events: { 'slow-95': 1, 'slow-99': 1 } },
    {
      name: 'no answer in time',
      paths: ['/hang'],
      events: { errors: 1, 'slow-95': 1, 'slow-99': 1 },
      failed: 1,
    },
    {
      name: 'no connection, though live answers',
      paths: ['/', '/', '/'],
      events: { errors: 1, 'errors-3': 1 },
      failed: 3,
      refuses: true,
    },
  ];
  for (const { name, paths, events, failed = 0, refuses = false } of cases) {
    test(name, async () => {
      const release = await use({ refuses });
      for (const path of paths) await asUser(path, first);
      await asUser('/', livingOne);
      const sum = await counted(release, (all) => all.people('requests')[1] > 0);
      assert.deepEqual(sum.events('candidate'), events);
      assert.deepEqual(sum.events('live'), {});
      assert.deepEqual(sum.people('requests'), [paths.length, 1]);
      assert.deepEqual(sum.people('failed'), [failed, 0]);
      assert.deepEqual(sum.people('anonymous'), [0, 0]);
      assert.deepEqual(sum.arrived, [1, 1]);
      const [instance] = sum.strata.flatMap(({ instances }) => instances).filter(({ id }) => id === 'g');
      assert(instance !== undefined);
    });
  }

  test('a request that hangs counts when it passes the marks, not when it ends', async () => {
    const slow = { q95: 100, q99: 200 };
    const release = await use({ slow, more: { upstream: { ...upstream, responseTimeoutMs: 20_000 } } });
    const socket = net.connect(port, '127.0.0.1', () => socket.write(lastGet('/hang', `X-User: ${first}`)));
    socket.on('error', () => {});
    const sum = await counted(release, (all) => all.count('candidate', 'slow-99').events > 0);
    assert.deepEqual(sum.events('candidate'), { 'slow-95': 1, 'slow-99': 1 });
    assert.deepEqual(sum.people('requests'), [0, 0], 'it is not over');
    socket.resetAndDestroy();
    const rest = await counted(release, (all) => all.people('requests')[0] > 0, sum.ticks.length);
    assert.deepEqual(rest.events('candidate'), {}, 'that the client has left is not the version’s fault');
  });

  test('without marks nobody is slow, and the metrics are missing', async () => {
    const release = await use({ slow: null });
    await asUser('/slow', first);
    const sum = await counted(release, (all) => all.people('requests')[0] > 0);
    assert.deepEqual(Object.keys(sum.strata[0]?.events ?? {}), ['errors', 'errors-3', 'client-errors-3']);
  });
});

describe('who is a person', () => {
  test('who brings a key: a verified token, a header, a cookie', async () => {
    const release = await use({ percent: 100 });
    const tokenOf = (sub: string): string => {
      const one = { request: { peer: '127.0.0.1', token: { claims: { sub } } } } as unknown as Case;
      return world.headersOf(one).map(([name, value]) => `${name}: ${value}`)[0] ?? '';
    };
    await ask('/', tokenOf('anna'));
    await ask('/500', tokenOf('anna'));
    await ask('/', tokenOf('ben'));
    await ask('/', 'X-User: cleo');
    await ask('/', 'Cookie: uid=dora');
    await ask('/', 'Cookie: uid=dora');
    const sum = await counted(release, (all) => all.people('requests')[0] === 6);
    assert.deepEqual(sum.arrived, [4, 0]);
    assert.deepEqual(sum.events('candidate'), { errors: 1 });
  });

  test('a client without one is not, until it brings back our cookie', async () => {
    const release = await use({ percent: 50 });
    const greeting = await ask('/');
    const cookie = /^Set-Cookie: (teal-id=[^;]*)/m.exec(greeting)?.[1] ?? assert.fail(greeting);
    for (let index = 0; index < 3; index++) await ask('/500');
    await ask('/', `Cookie: ${cookie}`);
    await ask('/', `Cookie: ${cookie}`);
    const sum = await counted(release, (all) => all.people('requests')[0] + all.people('requests')[1] === 6);
    assert.deepEqual(sum.people('anonymous'), [0, 4]);
    assert.deepEqual(sum.people('failed'), [0, 3]);
    assert.equal(sum.arrived[0] + sum.arrived[1], 1);
    assert.deepEqual([sum.events('candidate'), sum.events('live')], [{}, {}]);
  });

  test('who looks at a preview is not counted at all', async () => {
    const release = await use();
    const grant = { app: 'shop', version: 'v2', expiresAt: Date.now() + 60_000 };
    const token = signPreview(grant, previewKey);
    const seen = await ask('/500', `X-Teal-Preview: ${token}`, `X-User: ${first}`);
    assert.match(seen, /^HTTP\/1.1 500 .*\r\n(.*\r\n)*\r\ngreen/);
    await asUser('/', livingOne);
    const sum = await counted(release, (all) => all.people('requests')[1] > 0);
    assert.deepEqual(sum.people('requests'), [0, 1]);
    assert.deepEqual(sum.arrived, [0, 1]);
  });

  test('a tunnel counts its opening, and HTTP/2 counts as HTTP/1.1', async () => {
    const release = await use();
    const lines = `GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-User: ${first}\r\n\r\n`;
    const socket = net.connect(port, '127.0.0.1', () => socket.write(lines));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('data', resolve));
    const h2c = (await running.router.status()).h2c[0]?.port ?? 0;
    const client = new Http2Client(h2c);
    for (const path of ['/500', '/500', '/500']) {
      const { status } = await answerOf(
        client.open({ ':path': path, ':authority': 'shop.test', 'x-user': second }),
      );
      assert.equal(status, 500);
    }
    client.session.destroy();
    const sum = await counted(release, (all) => all.people('requests')[0] === 4);
    assert.deepEqual(sum.events('candidate'), { errors: 1, 'errors-3': 1 });
    assert.deepEqual(sum.arrived, [2, 0]);
    socket.destroy();
  });
});

describe('where people are counted', () => {
  test('a step of the ramp takes along those who have left', async () => {
    const release = await use({ percent: 10 });
    const moved = people(5, 10, 50);
    for (const user of [first, second, ...moved, ...people(3, 50, 100)]) await asUser('/', user);
    const arrived = await counted(release, (all) => all.people('requests')[1] === 8);
    assert.deepEqual(arrived.arrived, [2, 8]);
    const seq = arrived.ticks.length;
    const before = await counted(release, (all) => all.count('live', 'errors').exposed > 0, seq);
    near(before.count('live', 'errors').exposed / before.count('candidate', 'errors').exposed, 4);
    const next = seq + before.ticks.length;
    await use({ release, percent: 50 });
    const between = await running.router.count({ app: 'shop', release, seq: next });
    assert.equal(between.lost, false);
    const rest = await counted(release, (all) => all.count('live', 'errors').exposed > 0.02, next + 1);
    near(rest.count('candidate', 'errors').exposed / rest.count('live', 'errors').exposed, 7 / 3);
    await asUser('/500', moved[0] ?? '');
    const after = await counted(release, (all) => all.people('failed')[0] > 0, rest.ticks.length + next + 1);
    assert.deepEqual(after.arrived, [1, 0], 'seen on the candidate for the first time');
    assert.deepEqual(
      after.strata.flatMap(({ fresh }) => fresh),
      [],
      'but not new',
    );
  });

  test('while the candidate is not there nobody counts: newcomers of live alone are no sign of how people are sent', async () => {
    const environments = {
      blue: { version: 'v1', endpoints: [endpoint('b', origins.blue.port)] },
      green: { version: 'v2', endpoints: [] },
    };
    const release = await use({ more: { environments } });
    const [early = '', late = ''] = people(2, 50, 100);
    assert.equal(await asUser('/', first).then((all) => all.includes('blue')), true);
    await asUser('/', early);
    await use({ release });
    await asUser('/', first);
    await asUser('/', late);
    const sum = await counted(release, (all) => all.people('requests')[1] > 0);
    assert.deepEqual(sum.people('requests'), [1, 1]);
    assert.deepEqual(sum.arrived, [1, 1]);
  });

  test('people are compared with those alike: an audience, the rest, and who is held apart', async () => {
    const match = { kind: 'exact', values: ['yes'] } as const;
    const rule = { kind: 'header', name: 'x-beta', match, from: 'anyone' } as const;
    const exposed = [
      { to: ['beta'], width: 50_000 },
      { to: [], width: 10_000 },
    ];
    const release = `r${++releases}`;
    const audience = {
      audiences: { beta: rule },
      release: { id: release, candidate: 'green', cohort: 'same', exposed },
    } as unknown as Partial<AudienceTable>;
    await use({ release, audience });
    const [middle = '', other = ''] = people(2, 10, 50);
    const admitted = await ask('/', `X-User: ${middle}`, 'X-Beta: yes');
    const cookie = /^Set-Cookie: (teal-release=[^;]*)/m.exec(admitted)?.[1] ?? assert.fail(admitted);
    await ask('/', `X-User: ${livingOne}`, 'X-Beta: yes');
    await asUser('/', first);
    await asUser('/', other);
    const sum = await counted(release, (all) => all.people('requests')[1] === 2);
    const names = (all: Sum) => [...new Set(all.strata.map(({ name }) => name))].toSorted();
    assert.deepEqual(names(sum), ['all', 'audience beta']);
    assert.deepEqual(
      sum.strata.flatMap(({ name, fresh }) => fresh.map((each) => ({ name, ...each }))),
      [
        { name: 'all', share: 0.1, candidate: 1, live: 1 },
        { name: 'audience beta', share: 0.5, candidate: 1, live: 1 },
      ],
    );
    // Without the header this person would be on live, but is held where they were admitted: that is no chance any more.
    await ask('/500', `X-User: ${middle}`, `Cookie: ${cookie}`);
    const later = await counted(release, (all) => all.people('failed')[0] > 0, sum.ticks.length);
    assert.equal(later.count('candidate', 'errors', 'held').events, 1);
    assert.equal(later.count('candidate', 'errors').events, 0);
  });

  test('an app with several roles: each within itself', async () => {
    const routes = [
      { role: 'web', hosts: [], paths: ['/'] },
      { role: 'api', hosts: [], paths: ['/500'] },
    ];
    const of = (origin: Origin, id: string) => [
      endpoint(id, origin.port),
      endpoint(`${id}-api`, origin.port, 'api'),
    ];
    const environments = {
      blue: { version: 'v1', endpoints: of(origins.blue, 'b') },
      green: { version: 'v2', endpoints: of(origins.green, 'g') },
    };
    const release = await use({ more: { routes, environments } });
    await asUser('/', first);
    await asUser('/500', second);
    const sum = await counted(release, (all) => all.people('failed')[0] > 0);
    assert.deepEqual(
      [sum.count('candidate', 'errors', 'web').events, sum.count('candidate', 'errors', 'api').events],
      [0, 1],
    );
    assert.deepEqual(
      sum.strata.flatMap(({ instances }) =>
        instances.map(({ id, events }) => [id, events['errors']?.events]),
      ),
      [
        ['g', 0],
        ['g-api', 1],
      ],
    );
  });
});

const near = (actual: number, expected: number): void =>
  assert(Math.abs(actual - expected) < 0.05 * expected, `${actual} is not about ${expected}`);

describe('ticks', () => {
  test('a tick that is asked for again is the same; one that is left out is lost, and nothing with it', async () => {
    const release = await use();
    const of = (seq: number) => running.router.count({ app: 'shop', release, seq });
    await asUser('/500', first);
    const tick = await of(0);
    await asUser('/500', second);
    assert.deepEqual(await of(0), tick);
    assert.equal(tick.strata[0]?.events['errors']?.candidate.events, 1);
    const later = await of(5);
    assert.deepEqual([later.lost, later.seq], [true, 5]);
    assert.equal(later.strata[0]?.events['errors']?.candidate.events, 1);
    assert.equal((await of(6)).lost, false);
    const nobody = await running.router.count({ app: 'shop', release: 'another', seq: 0 });
    assert.deepEqual([nobody.lost, nobody.seconds, nobody.strata], [true, 0, []]);
  });

  test('workers that are killed take along what they had not told, and nobody counts twice', async () => {
    const release = await use();
    const users = people(20, 0, 10);
    for (const user of users) await asUser('/500', user);
    const sum = await counted(release, (all) => all.people('requests')[0] === users.length);
    assert.equal(sum.count('candidate', 'errors').events, users.length);
    const { workers } = await running.router.status();
    for (const { pid } of workers) process.kill(pid, 'SIGKILL');
    await until(async () => {
      const now = (await running.router.status()).workers;
      return now.length === 2 && now.every(({ pid }) => !workers.some((each) => each.pid === pid));
    }, 'other workers');
    for (const user of users) await asUser('/500', user);
    for (const user of users) await asUser('/500', user);
    const rest = await counted(
      release,
      (all) => all.people('requests')[0] === 2 * users.length,
      sum.ticks.length,
    );
    assert.deepEqual(rest.arrived, [0, 0]);
    assert.deepEqual(rest.events('candidate'), { 'errors-3': users.length });
  });

  test('what was counted before anybody was exposed is of the past, and begins anew then', async () => {
    const release = await use({ percent: null });
    await asUser('/500', first);
    await asUser('/', second);
    const sum = await counted(release, (all) => all.count('live', 'errors', 'not exposed').exposed > 0.02);
    assert.equal(sum.count('live', 'errors', 'not exposed').events, 1);
    const { before: past } = await running.router.past('shop');
    assert.equal(past.events, 1);
    assert(past.exposed >= sum.count('live', 'errors', 'not exposed').exposed, `${past.exposed}`);
    await use({ release, percent: 10 });
    await asUser('/500', first);
    const rest = await counted(release, (all) => all.people('failed')[0] > 0, sum.ticks.length);
    assert.deepEqual(rest.events('candidate'), { errors: 1 });
    const fixed = (await running.router.past('shop')).before;
    await asUser('/500', livingOne);
    assert.deepEqual((await running.router.past('shop')).before, fixed);
  });

  test('the past says how quick live was, when there was enough of it', async () => {
    await use({ more: { judged: null } });
    // All releases of this file are of one version: count what is there, and add what is missing.
    const { slow } = await running.router.past('shop');
    const missing = slow === null ? 240 : 0;
    for (let index = 0; index < missing; index += 20) {
      await Promise.all(Array.from({ length: 20 }, () => asUser('/', livingOne)));
    }
    const past = await running.router.past('shop');
    assert(
      past.slow !== null && past.slow.q95 > 0 && past.slow.q99 >= past.slow.q95,
      JSON.stringify(past.slow),
    );
    assert.equal(past.scale.length, 99);
    assert.deepEqual(
      past.scale,
      past.scale.toSorted((a, b) => a - b),
    );
  });

  test('a router that was replaced says that counts are lost, and goes on', async () => {
    const release = await use();
    await asUser('/500', first);
    const of = (seq: number) => running.router.count({ app: 'shop', release, seq });
    assert.equal((await of(0)).lost, false);
    assert.equal((await of(1)).lost, false);
    const { pid } = await running.router.status();
    process.kill(pid, 'SIGKILL');
    await until(async () => {
      const status = await running.router.status().catch(() => null);
      return status !== null && status.pid !== pid;
    }, 'another router');
    port = await running.port();
    await asUser('/500', first);
    const tick = await of(2);
    assert.equal(tick.lost, true);
    assert.equal(tick.strata.find(({ name }) => name === 'all')?.events['errors']?.candidate.events, 1);
    assert.equal((await of(3)).lost, false);
  });
});
