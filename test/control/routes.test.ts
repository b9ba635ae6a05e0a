import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { Routes } from '../../src/control/routes.ts';
import { TealError } from '../../src/errors.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import type { Router } from '../../src/router/router.ts';
import type { AppTable } from '../../src/router/table.ts';
import { FakeRouter } from './fakes.ts';
import { atEnd } from '../at-end.ts';
import { forever, openStore, scratch, settle, until } from './help.ts';

const table = (app: string): AppTable => ({
  app,
  live: null,
  routes: [],
  environments: { blue: null, green: null },
  maintenance: null,
  previewKey: '',
  drain: { streams: 'drain', deadlineMs: 0 },
  upstream: {
    connectTimeoutMs: 1,
    responseTimeoutMs: 1,
    idleTimeoutMs: 1,
    keepAliveMs: 1,
    maxBodyBytes: null,
    protocol: 'http1',
  },
});

interface Rig {
  readonly routes: Routes;
  readonly router: FakeRouter;
  /** What the next table is made of. */
  wanted: string[];
  /** In place of plain ones of these names. */
  parts: readonly AppTable[] | null;
  stale: ReadonlySet<string>;
  readonly failures: unknown[];
}

function rig(t: TestContext, checkMs = 1_000_000, patienceMs = 1_000_000): Rig {
  const router = new FakeRouter();
  let generation = 0;
  const made: Rig = {
    router,
    wanted: ['shop'],
    parts: null,
    stale: new Set(),
    failures: [],
    routes: new Routes({
      router,
      build: () => ({ apps: made.parts ?? made.wanted.map(table), stale: made.stale }),
      nextGeneration: async () => ++generation,
      failed: (error) => made.failures.push(error),
      applied: () => undefined,
      checkMs,
      patienceMs,
    }),
  };
  atEnd(t, () => made.routes.close());
  return made;
}

const names = ({ router }: Rig): readonly string[] =>
  router.applied.map(({ generation, apps }) => `${generation}: ${apps.map(({ app }) => app).join(' ')}`);

describe('routes', () => {
  test('apply nothing before they are opened', async (t) => {
    const it = rig(t);
    it.routes.refresh();
    await settle();
    assert.deepEqual(names(it), []);
    it.routes.open();
    await settle();
    assert.deepEqual(names(it), ['1: shop']);
  });

  test('make one table of all that changes while another is on its way', async (t) => {
    const it = rig(t);
    const gate = Promise.withResolvers<void>();
    it.router.beforeApply = () => gate.promise;
    it.routes.open();
    for (const app of ['a', 'b', 'c']) {
      it.wanted = [app];
      it.routes.refresh();
    }
    gate.resolve();
    await settle();
    assert.deepEqual(names(it), ['1: shop', '2: c']);
  });

  test('do not apply what has not changed, unless somebody relies on it', async (t) => {
    const it = rig(t);
    it.routes.open();
    await settle();
    it.routes.refresh();
    await settle();
    assert.deepEqual(names(it), ['1: shop']);
    assert.equal(await it.routes.current(forever), 1);
    assert.deepEqual(names(it), ['1: shop', '1: shop'], 'acknowledged anew, under the same number');
  });

  test('give whoever waits a table that was built after the call', async (t) => {
    const it = rig(t);
    const gate = Promise.withResolvers<void>();
    it.router.beforeApply = () => gate.promise;
    it.routes.open();
    it.wanted = ['later'];
    const waits = it.routes.current(forever);
    gate.resolve();
    assert.equal(await waits, 2);
    assert.deepEqual(names(it), ['1: shop', '2: later']);
  });

  test('answer whoever asks again in the very moment of an answer', async (t) => {
    const it = rig(t);
    it.routes.open();
    for (let round = 0; round < 5; round++) {
      it.wanted = [`round${round}`];
      await it.routes.current(forever);
    }
    assert.equal(it.router.applied.at(-1)?.apps[0]?.app, 'round4');
  });

  test('try again until the router takes it, and at once when something changes', async (t) => {
    const it = rig(t);
    let down = true;
    it.router.beforeApply = async () => {
      if (down) throw new Error('the router is down');
    };
    it.routes.open();
    const waits = it.routes.current(forever);
    await until('it has failed a few times', () => it.failures.length >= 3);
    down = false;
    it.wanted = ['new'];
    it.routes.refresh();
    await waits;
    assert.equal(it.router.applied.length, 1);
    assert.equal(it.router.applied[0]?.apps[0]?.app, 'new');
  });

  test('a waiter that gives up leaves nothing behind, and is told why', async (t) => {
    const it = rig(t);
    it.router.beforeApply = async () => {
      throw new Error('the router is down');
    };
    it.routes.open();
    const giveUp = new AbortController();
    const waits = it.routes.current(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await assert.rejects(waits, /enough/);
    await assert.rejects(it.routes.current(giveUp.signal), /enough/);
  });

  test('close tells everybody who waits, while the router is down', async (t) => {
    const it = rig(t);
    it.router.beforeApply = async () => {
      throw new Error('the router is down');
    };
    it.routes.open();
    const waits = it.routes.current(forever);
    const told = assert.rejects(waits, { code: 'control-unavailable' });
    await it.routes.close();
    await told;
    await assert.rejects(it.routes.current(forever), { code: 'control-unavailable' });
  });

  test('close brings to the router what was decided before it, and nothing that comes after', async (t) => {
    const it = rig(t);
    const gate = Promise.withResolvers<void>();
    it.router.beforeApply = () => gate.promise;
    it.routes.open();
    await settle();
    it.wanted = ['shop', 'mail'];
    it.routes.refresh();
    const closed = it.routes.close();
    it.wanted = [];
    it.routes.refresh();
    gate.resolve();
    await closed;
    await it.routes.close();
    assert.deepEqual(names(it), ['1: shop', '2: shop mail']);
  });

  test('give a router that lost its table the table again, without being asked', async (t) => {
    const it = rig(t, 5);
    it.routes.open();
    await settle();
    it.router.generation = 0;
    await until('it has been applied again', () => it.router.applied.length > 1);
    assert.deepEqual(it.router.applied.at(-1)?.apps, it.router.applied[0]?.apps);
  });

  test('get above the number that the router has, when the counter was put back', async (t) => {
    const it = rig(t);
    it.router.beforeApply = async () => {
      if (it.failures.length > 0) return;
      throw new TealError('table-refused', 'older', { remedy: '', details: { current: 5000 } });
    };
    it.routes.open();
    assert.equal(await it.routes.current(forever), 5001);
  });
});

/** Refuses parts of these apps as they were asked to be, except the first time. */
function refusing(it: Rig, apps: readonly string[]): void {
  const take = it.router.apply.bind(it.router);
  it.router.apply = async (wanted) => {
    const bad = wanted.apps.find(({ app, maintenance }) => apps.includes(app) && maintenance !== null);
    if (bad === undefined) return await take(wanted);
    throw new TealError('table-refused', 'no', { remedy: '', details: { app: bad.app } });
  };
}

describe('routes to which one app is a trouble', () => {
  const closed = { message: 'closed' };
  const inGroup = (app: string, name: string): AppTable => ({
    ...table(app),
    group: { name, keys: [], sets: { blue: [], green: [] } },
  });

  test('put the changes of all others in force, and confirm them, but not its own', async (t) => {
    const it = rig(t);
    refusing(it, ['a']);
    it.parts = [table('a'), table('b')];
    it.routes.open();
    await it.routes.current(forever);
    it.parts = [
      { ...table('a'), maintenance: closed },
      { ...table('b'), maintenance: closed },
    ];
    const own = it.routes.current(forever, 'a');
    const all = it.routes.current(forever);
    let confirmed = false;
    void Promise.race([own, all]).then(
      () => (confirmed = true),
      () => undefined,
    );
    await it.routes.current(forever, 'b');
    assert.deepEqual(closedIn(it), ['b']);
    await settle();
    assert.equal(confirmed, false);
    it.parts = [table('a'), { ...table('b'), maintenance: closed }];
    it.routes.refresh();
    await Promise.all([own, all]);
  });

  test('move the apps of a group together or not at all', async (t) => {
    const it = rig(t);
    refusing(it, ['a']);
    it.parts = [inGroup('a', 'g'), inGroup('b', 'g'), inGroup('c', 'h')];
    it.routes.open();
    await it.routes.current(forever);
    it.parts = it.parts.map((part) => ({ ...part, maintenance: closed }));
    await it.routes.current(forever, 'c');
    assert.deepEqual(closedIn(it), ['c']);
    let confirmed = false;
    void it.routes.current(forever, 'b').then(
      () => (confirmed = true),
      () => undefined,
    );
    await it.routes.current(forever, 'c');
    assert.equal(confirmed, false);
  });

  test('leave out an app that never had a part that was taken', async (t) => {
    const it = rig(t);
    refusing(it, ['a']);
    it.parts = [{ ...table('a'), maintenance: closed }, table('b')];
    it.routes.open();
    await it.routes.current(forever, 'b');
    assert.deepEqual(
      it.router.applied.at(-1)?.apps.map(({ app }) => app),
      ['b'],
    );
  });

  test('ask again a router that never answers', async (t) => {
    const it = rig(t, undefined, 50);
    let first = true;
    it.router.beforeApply = async () => {
      if (!first) return;
      first = false;
      await new Promise(() => undefined);
    };
    it.routes.open();
    await it.routes.current(forever);
    assert.match(String(it.failures[0]), /has not taken table 1/);
  });
});

const closedIn = (it: Rig): readonly string[] =>
  it.router.applied.at(-1)?.apps.flatMap(({ app, maintenance }) => (maintenance === null ? [] : [app])) ?? [];

describe('routes of a real router', () => {
  test('come back after kill -9 of the router, with its table on disk and without it', async (t) => {
    const data = await scratch(t);
    const store = await openStore(t, data);
    const client = {
      headBytes: 16_384,
      headers: 100,
      headTimeoutMs: 10_000,
      idleTimeoutMs: 10_000,
      connections: 100,
    };
    const listen = [{ host: '127.0.0.1', port: 0 }];
    const router = await EmbeddedRouter.start({
      data,
      listen,
      h2c: [],
      workers: 1,
      trustedProxies: [],
      proxyProtocol: [],
      tls: null,
      client,
    });
    atEnd(t, () => router.shutdown(0));
    const routes = new Routes({
      router: router satisfies Router,
      build: () => ({ apps: [table('shop')], stale: new Set() }),
      nextGeneration: () => store.nextGeneration(),
      failed: () => undefined,
      applied: () => undefined,
      checkMs: 50,
    });
    atEnd(t, () => routes.close());
    routes.open();
    const generation = await routes.current(forever);
    const first = await router.status();
    process.kill(first.pid, 'SIGKILL');
    const second = await until('another router', async () => {
      const status = await router.status().catch(() => null);
      return status !== null && status.pid !== first.pid && status;
    });
    assert.equal(second.generation, generation, 'from its disk');
    await writeFile(path.join(data, 'router', 'table.json'), 'garbage');
    process.kill(second.pid, 'SIGKILL');
    await until('a third one that has the table again', async () => {
      const status = await router.status().catch(() => null);
      return status !== null && status.pid !== second.pid && status.generation >= generation;
    });
    await rm(path.join(data, 'router', 'table.json'));
  });
});
