import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { between, reading } from '../../src/control/traffic/points.ts';
import { pulse } from '../../src/control/traffic/now.ts';
import { Traffic } from '../../src/control/traffic/traffic.ts';
import type { EnvironmentCounts, RouterStatus, StatusOf } from '../../src/router/router.ts';
import type { Tallies } from '../../src/router/tally.ts';

/** Answers of 200, and of 500; all of them within the bucket with this index. */
const tallied = (ok: number, bad: number, bucket = 1): Tallies[keyof Tallies] & object => ({
  classes: [0, ok, 0, 0, bad],
  buckets: Array.from({ length: 12 }, (_, index) => (index === bucket ? ok + bad : 0)),
  seconds: 0,
});

const counts = (tallies: Tallies, more: Partial<EnvironmentCounts> = {}): EnvironmentCounts => ({
  app: 'shop',
  colour: 'blue',
  version: 'v1',
  requests: 0,
  errors: 0,
  failed: 0,
  inFlight: 0,
  waiting: 0,
  tallies,
  ...more,
});

describe('what lies between two looks at a router', () => {
  test('is what people got: not previews, and not copies', () => {
    const before = reading(counts({ live: tallied(100, 1) }), 1000);
    const now = reading(
      counts(
        { live: tallied(160, 4), candidate: tallied(7, 0), preview: tallied(50, 50), mirror: tallied(9, 9) },
        { failed: 2 },
      ),
      3000,
    );
    const point = between(before, now, 'blue');
    assert.deepEqual([point?.seconds, point?.requests, point?.errors, point?.candidate], [2, 72, 5, 7]);
  });

  test('has quantiles as Prometheus computes them from a histogram', () => {
    const nothing = reading(counts({}), 1000);
    const all = { classes: [0, 100, 0, 0, 0], buckets: [50, 40, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0], seconds: 0 };
    const point = between(nothing, reading(counts({ live: all }), 2000), 'blue');
    // rate(…): 50 within 5 ms, 40 within 10 ms, 10 between 0.1 and 0.25 s.
    assert.deepEqual([point?.p50, point?.p95, point?.p99], [0.005, 0.175, 0.235]);
    const slow = { ...all, buckets: [...Array<number>(11).fill(0), 100] };
    assert.equal(between(nothing, reading(counts({ live: slow }), 2000), 'blue')?.p50, 10);
    assert.equal(between(nothing, reading(counts({}), 2000), 'blue')?.p50, null);
  });

  test('is nothing where another version, or another router process, counts', () => {
    const before = reading(counts({ live: tallied(100, 1) }), 1000);
    assert.equal(
      between(before, reading(counts({ live: tallied(100, 1) }, { version: 'v2' }), 2000), 'blue'),
      null,
    );
    assert.equal(between(before, reading(counts({ live: tallied(5, 0) }), 2000), 'blue'), null);
  });
});

test('now is the last seconds, of both environments together', () => {
  const point = (at: number, requests: number, errors = 0, colour: 'blue' | 'green' = 'blue') => ({
    at,
    seconds: 2,
    colour,
    version: 'v1',
    requests,
    errors,
    candidate: 0,
    p50: null,
    p95: requests / 100,
    p99: null,
  });
  const points = [point(1000, 1000), point(50_000, 30), point(50_000, 10, 4, 'green'), point(52_000, 40)];
  const { rate, errors, p95, curve } = pulse(points, 53_000);
  assert.deepEqual([rate, errors, p95], [20, 0.05, 0.4]);
  assert.equal(curve.length, 3);
  assert.deepEqual(pulse([], 53_000), { rate: null, errors: null, p95: null, curve: [] });
});

describe('looking at routers', () => {
  const made = (states: readonly unknown[] = []) => {
    let now = 0;
    let requests = 0;
    let dead = false;
    const asked: (StatusOf | undefined)[] = [];
    const router = {
      status: async (of?: StatusOf) => {
        asked.push(of);
        if (dead) throw new Error('no answer');
        requests += 10;
        const environments = [counts({ live: tallied(requests, 0) }), counts({}, { app: 'blog', requests })];
        const told = environments.filter(({ app }) => of?.apps?.includes(app) ?? true);
        return { environments: told, endpoints: [{ app: 'blog' }] } as unknown as RouterStatus;
      },
    };
    const traffic = new Traffic({
      router: router as never,
      apps: { states: () => states as never },
      now: () => now,
    });
    return {
      traffic,
      asked,
      look: async () => {
        now += 2000;
        await traffic.look();
      },
      later: (ms: number) => (now += ms),
      die: () => (dead = true),
    };
  };

  test('costs next to nothing while nobody watches, and nothing of other apps while somebody watches one', async () => {
    const { traffic, asked, look } = made();
    for (let turn = 0; turn < 5; turn++) await look();
    assert.deepEqual(asked, [undefined], 'one of five');
    traffic.of('shop');
    for (let turn = 0; turn < 5; turn++) await look();
    assert.deepEqual(asked.slice(1), [undefined, ...Array<StatusOf>(4).fill({ apps: ['shop'] })]);
    assert.deepEqual(
      traffic.of('shop').points.map(({ requests, seconds }) => [requests, seconds]),
      [[10, 10], ...Array<number[]>(4).fill([10, 2])],
    );
    const [, , second] = traffic.of('shop').points;
    assert.equal(traffic.of('shop', second?.at).points.length, 2, 'only what is newer');
  });

  test('leaves what was seen last of every app, for pages that do not wait; nothing of a router that is gone', async () => {
    const { traffic, look, die } = made([{ app: 'shop', release: { status: 'stepping' } }]);
    const seen = () =>
      traffic.router()?.environments.map(({ app, tallies }) => [app, tallies?.live?.classes[1]]);
    assert.equal(traffic.router(), null, 'nobody has looked');
    await look();
    await look();
    assert.deepEqual(seen(), [
      ['blog', undefined],
      ['shop', 20],
    ]);
    die();
    await look();
    assert.equal(traffic.router(), null);
  });

  test('goes on for what is being released, whoever watches', async () => {
    const { asked, look } = made([{ app: 'shop', release: { status: 'stepping' } }]);
    for (let turn = 0; turn < 3; turn++) await look();
    assert.deepEqual(asked, [undefined, { apps: ['shop'] }, { apps: ['shop'] }]);
  });

  test('forgets after a quarter of an hour', async () => {
    const { traffic, look, later } = made();
    traffic.of('shop');
    for (let turn = 0; turn < 3; turn++) await look();
    later(16 * 60_000);
    traffic.of('shop');
    await look();
    assert.ok(traffic.of('shop').points.length <= 1);
  });
});
