import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatabasePolicy } from '../../../src/config/database.ts';
import { throttleOf } from '../../../src/control/migrate/throttle.ts';
import type { Work } from '../../../src/control/migrate/work.ts';
import type { EnvironmentCounts, RouterStatus } from '../../../src/router/router.ts';
import { secondsBounds } from '../../../src/router/tally.ts';
import { forever } from '../help.ts';
import { policy } from './help.ts';

/** A router that has answered so many well, badly, and of those that took two seconds. */
function throttled(pauseAt: DatabasePolicy['pauseAt']): {
  ask: (counts: { ok: number; bad: number; slow: number } | null) => Promise<string | null>;
} {
  let now = 1_000_000;
  let counts: { ok: number; bad: number; slow: number } | null = null;
  const buckets = (fast: number, slow: number): number[] => {
    const all = Array.from({ length: secondsBounds.length + 1 }, () => 0);
    all[0] = fast;
    all[secondsBounds.findIndex((bound) => bound >= 2)] = slow;
    return all;
  };
  const router = {
    status: async (): Promise<Partial<RouterStatus>> => {
      if (counts === null) throw new Error('the router is away');
      const { ok, bad, slow } = counts;
      const tally = { classes: [0, ok + slow, 0, 0, bad], buckets: buckets(ok + bad, slow) };
      const live = { app: 'shop', colour: 'blue', version: 'v1', failed: 0, tallies: { live: tally } };
      const other = { ...live, app: 'blog', failed: 1000 };
      return { environments: [live, other] as unknown as EnvironmentCounts[] };
    },
  };
  const throttle = throttleOf({
    app: 'shop',
    deps: { router, now: () => now } as Partial<Work['deps']> as Work['deps'],
    effect: { policy: policy({ pauseAt }) } as Partial<Work['effect']> as Work['effect'],
  });
  assert.ok(throttle);
  return {
    ask: (given) => {
      now += 1000;
      counts = given;
      return throttle(forever);
    },
  };
}

test('a backfill pauses while more of the app’s answers fail than may, and goes on when that is over', async () => {
  const { ask } = throttled({ errorPercent: 5, p99Ms: null });
  assert.equal(await ask({ ok: 100, bad: 50, slow: 0 }), null, 'what was before it began is not its own');
  assert.equal(await ask({ ok: 200, bad: 52, slow: 0 }), null);
  assert.match(
    (await ask({ ok: 210, bad: 72, slow: 0 })) ?? '',
    /16\.\d % of the app's answers fail \(at most 5 %\)/,
  );
  for (let second = 0; second < 12; second++) await ask({ ok: 210 + 100 * second, bad: 72, slow: 0 });
  assert.equal(await ask({ ok: 2000, bad: 72, slow: 0 }), null);
});

test('it pauses while one answer in a hundred takes longer than may', async () => {
  const { ask } = throttled({ errorPercent: null, p99Ms: 500 });
  await ask({ ok: 0, bad: 0, slow: 0 });
  assert.equal(await ask({ ok: 1000, bad: 100, slow: 0 }), null);
  assert.match(
    (await ask({ ok: 1000, bad: 100, slow: 100 })) ?? '',
    /takes \d+ ms or longer \(at most 500 ms\)/,
  );
});

test('what is not known pauses nothing, and who asks for nothing is not asked', async () => {
  const { ask } = throttled({ errorPercent: 1, p99Ms: 1 });
  assert.equal(await ask(null), null);
  assert.equal(await ask({ ok: 1, bad: 1, slow: 1 }), null);
  assert.equal(await ask({ ok: 1, bad: 1, slow: 1 }), null, 'nobody came');
  assert.equal(throttleOf({ effect: { policy: policy() } } as unknown as Work), null);
});
