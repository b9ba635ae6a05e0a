import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choose, weightAt } from '../../src/router/embedded/balance.ts';
import type { Want } from '../../src/router/embedded/balance.ts';
import { sound } from '../../src/router/embedded/ejection.ts';
import type { Counts, EndpointState } from '../../src/router/embedded/endpoint.ts';
import { newEndpoint, occupy } from '../../src/router/embedded/endpoint.ts';
import type { EndpointGroup } from '../../src/router/embedded/group.ts';
import type { InFlight } from '../../src/router/embedded/in-flight.ts';
import { RetryBudget } from '../../src/router/embedded/retry-budget.ts';
import { partOf } from '../../src/router/embedded/share.ts';
import { WaitLine } from '../../src/router/embedded/wait-line.ts';

const request: Want = { tried: null, home: null, stream: false, repeatable: true };

function one(
  busy: number,
  more: { streams?: number; ejected?: number; joinedAt?: number } = {},
): EndpointState {
  const endpoint = newEndpoint(`e${Math.random()}`, '127.0.0.1', 1, more.joinedAt ?? 0);
  const { streams = 0 } = more;
  for (let count = 0; count < busy + streams; count++) occupy(endpoint, { slot: -1 } as InFlight);
  endpoint.busy = busy;
  if (more.ejected !== undefined) {
    endpoint.standing = { ...sound, ejections: 1, until: more.ejected, anyAfter: more.ejected };
  }
  return endpoint;
}

function group(endpoints: readonly EndpointState[], more: Partial<EndpointGroup> = {}): EndpointGroup {
  const line = new WaitLine({} as Counts, 'web', () => ({ now: 0, random: Math.random }));
  return {
    endpoints,
    limit: Infinity,
    slowStartMs: 0,
    ejection: null,
    sticky: null,
    line,
    queueSize: 0,
    queueTimeoutMs: 0,
    ...more,
  };
}

/** Reproducible chance: a linear congruential generator (Numerical Recipes' constants). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function tally(of: EndpointGroup, want: Want, rounds: number, now = 1000): Map<EndpointState, number> {
  const random = chance(7);
  const chosen = new Map<EndpointState, number>();
  for (let round = 0; round < rounds; round++) {
    const choice = choose(of, want, { now, random });
    if (typeof choice !== 'string') chosen.set(choice, (chosen.get(choice) ?? 0) + 1);
  }
  return chosen;
}

test('among few endpoints one of the least busy is chosen, each of them as often', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 16 }), (busy) => {
      const endpoints = busy.map((count) => one(count));
      const least = Math.min(...busy);
      const equals = endpoints.filter((endpoint) => endpoint.busy === least);
      const rounds = 400 * equals.length;
      const chosen = tally(group(endpoints), request, rounds);
      assert.deepEqual(new Set(chosen.keys()), new Set(equals));
      // 400 expected of each; a standard deviation is at most 20.
      for (const count of chosen.values()) assert.ok(Math.abs(count - 400) < 120, `${count} of ${rounds}`);
    }),
    { numRuns: 30 },
  );
});

test('among many endpoints each is chosen as often when all are as busy', () => {
  const endpoints = Array.from({ length: 50 }, () => one(1));
  const chosen = tally(group(endpoints), request, 20_000);
  assert.equal(chosen.size, 50);
  for (const count of chosen.values()) assert.ok(Math.abs(count - 400) < 120, String(count));
});

test('never one that is full, was tried, or is ejected while another is not; and one whenever there is one', () => {
  const state = fc.constantFrom('open', 'full', 'tried', 'ejected');
  fc.assert(
    fc.property(fc.array(state, { maxLength: 40 }), fc.integer(), (states, seed) => {
      const endpoints = states.map((is) =>
        one(is === 'full' ? 3 : 1, is === 'ejected' ? { ejected: 5000 } : {}),
      );
      const open = endpoints.filter((_, index) => states[index] === 'open');
      const ejected = endpoints.filter((_, index) => states[index] === 'ejected');
      const tried = new Set(endpoints.filter((_, index) => states[index] === 'tried'));
      const choice = choose(
        group(endpoints, { limit: 3 }),
        { ...request, tried },
        { now: 1000, random: chance(seed) },
      );
      if (open.length > 0) assert.ok(open.includes(choice as EndpointState));
      else if (states.includes('full')) assert.equal(choice, 'full');
      // All that are left are ejected: then ejection says nothing.
      else if (ejected.length > 0) assert.ok(ejected.includes(choice as EndpointState));
      else assert.equal(choice, 'none');
    }),
  );
});

test('two choices keep many endpoints nearly even, where one at random does not', () => {
  const count = 200;
  const random = chance(3);
  const spread = (pick: (endpoints: readonly EndpointState[]) => EndpointState): number => {
    const endpoints = Array.from({ length: count }, () => one(0));
    for (let load = 0; load < count * 10; load++) occupy(pick(endpoints), { slot: -1 } as InFlight);
    return Math.max(...endpoints.map(({ busy }) => busy)) - 10;
  };
  const two = spread((endpoints) => choose(group(endpoints), request, { now: 0, random }) as EndpointState);
  const single = spread((endpoints) => endpoints[Math.floor(random() * count)] as EndpointState);
  // Above the mean by ln ln n / ln 2 and a constant (2.4 + …), against sqrt(2 · 10 · ln n) (10.3).
  assert.ok(two <= 4, `two choices: ${two} above the mean`);
  assert.ok(single >= 7, `one choice: ${single} above the mean`);
});

test('a WebSocket goes where the fewest streams are, a request where the fewest requests are', () => {
  const quiet = one(0, { streams: 9 });
  const busy = one(5, { streams: 1 });
  const both = group([quiet, busy]);
  assert.deepEqual([...tally(both, request, 20).keys()], [quiet]);
  assert.deepEqual([...tally(both, { ...request, stream: true }, 20).keys()], [busy]);
});

test('after its time, an ejected endpoint is tried by one request, first by one that can be sent again', () => {
  const well = one(0);
  const ejected = one(0);
  ejected.standing = { ...sound, ejections: 1, until: 1000, anyAfter: 2000 };
  const both = group([well, ejected]);
  const posts = { ...request, repeatable: false };
  assert.ok(!tally(both, request, 50, 999).has(ejected));
  assert.ok(tally(both, request, 50, 1000).has(ejected));
  assert.ok(!tally(both, posts, 50, 1999).has(ejected));
  assert.ok(tally(both, posts, 50, 2000).has(ejected));
  occupy(ejected, { slot: -1 } as InFlight);
  well.busy = 9;
  assert.ok(!tally(both, request, 50, 2000).has(ejected));
});

for (const count of [3, 30]) {
  test(`of ${count} endpoints, one that joined just now gets a share that grows`, () => {
    const shareAt = (age: number): number => {
      const fresh = one(0, { joinedAt: 10_000 - age });
      const others = Array.from({ length: count - 1 }, () => one(0, { joinedAt: -Infinity }));
      const chosen = tally(group([fresh, ...others], { slowStartMs: 1000 }), request, 30_000, 10_000);
      return ((chosen.get(fresh) ?? 0) * count) / 30_000;
    };
    const [first, half, whole] = [shareAt(0), shareAt(500), shareAt(1000)] as const;
    assert.ok(first > 0.01 && first < 0.3, `at first ${first}`);
    assert.ok(half > first && half < 0.95, `half way ${half}`);
    assert.ok(Math.abs(whole - 1) < 0.15, `at last ${whole}`);
  });
}

test('under load, one in its slow start has no more in flight than its share', () => {
  const fresh = one(0, { joinedAt: 750 });
  const others = [one(0, { joinedAt: -Infinity }), one(0, { joinedAt: -Infinity })];
  const of = group([fresh, ...others], { slowStartMs: 1000 });
  const random = chance(5);
  for (let load = 0; load < 300; load++)
    occupy(choose(of, request, { now: 1000, random }) as EndpointState, { slot: -1 } as InFlight);
  const weight = weightAt(250, 1000);
  assert.equal(weight, 0.1 + 0.9 * 0.25);
  const most = Math.max(...others.map(({ busy }) => busy));
  assert.ok(fresh.busy <= weight * most + 1, `${fresh.busy} beside ${most}`);
  assert.ok(fresh.busy >= weight * most * 0.7, `${fresh.busy} beside ${most}`);
});

test('with all of them new, slow start holds nobody back', () => {
  const endpoints = [one(0, { joinedAt: 1000 }), one(0, { joinedAt: 1000 })];
  assert.equal(
    [...tally(group(endpoints, { slowStartMs: 1000 }), request, 200).values()].reduce((a, b) => a + b),
    200,
  );
});

test('the parts of all workers add up to the whole, when there is enough of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(1000), (of, more) => {
      const total = of + more;
      const parts = Array.from({ length: of }, (_, index) => partOf(total, { index, of }));
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0),
        total,
      );
      assert.ok(Math.max(...parts) - Math.min(...parts) <= 1);
    }),
  );
});

test('retries are a fifth of the requests of about ten seconds, and a hundred more', () => {
  const budget = new RetryBudget();
  const taken = (requests: number): number => {
    let count = 0;
    while (budget.take(requests)) count++;
    return count;
  };
  assert.equal(taken(0), 100);
  assert.equal(taken(0), 0);
  assert.equal(taken(1000), 200);
  // In an outage at 1000 requests a second: in the end a fifth of them, and ten a second more.
  let requests = 1000;
  let last = 0;
  for (let second = 0; second < 100; second++) {
    budget.fade(requests);
    requests += 1000;
    last = taken(requests);
  }
  assert.ok(Math.abs(last - 210) <= 3, String(last));
  // What was long ago does not count.
  for (let second = 0; second < 200; second++) budget.fade(requests);
  assert.ok(Math.abs(taken(requests) - 100) <= 1);
});
