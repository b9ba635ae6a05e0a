import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Leadership, type LeaseTimes, type Standing } from '../../../src/control/lead/leadership.ts';
import { quiet } from '../fakes.ts';
import { FakeLeases } from './leases.ts';

const times: LeaseTimes = { leaseMs: 3000, marginMs: 500, renewMs: 750, retryMs: 100, lookMs: 250 };

interface Bench {
  readonly leases: FakeLeases;
  readonly standing: Standing;
  /** Lets time pass for all, in steps small enough that every timer rings in its turn. */
  readonly pass: (ms: number) => Promise<void>;
  /** Only the clock goes on: the process is stopped, and its timers with it. */
  readonly jump: (ms: number) => void;
}

function bench(t: TestContext): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const leases = new FakeLeases();
  let own = 1000;
  const standing = {
    leases,
    who: { name: 'a', machine: 'm', address: '/a' },
    times,
    now: () => own,
    log: quiet,
  };
  const jump = (ms: number): void => {
    own += ms;
    leases.now += ms;
  };
  return {
    leases,
    standing,
    jump,
    async pass(ms) {
      for (let done = 0; done < ms; done += 50) {
        jump(50);
        t.mock.timers.tick(50);
        await turn();
      }
    },
  };
}

async function taken(standing: Standing): Promise<Leadership> {
  const leadership = await Leadership.take(standing);
  assert.ok(leadership !== null);
  return leadership;
}

test('a leader renews its lease, and goes on leading', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  await pass(60_000);
  leadership.check();
  assert.ok(leases.renewals >= 70 && leases.renewals <= 80, `${leases.renewals} renewals in a minute`);
  assert.equal(await Leadership.take({ ...standing, who: { ...standing.who, name: 'b' } }), null);
});

test('a renewal that hangs does not keep a leader in office: it stops before the lease has run out', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  leases.before = () => new Promise(() => undefined);
  await pass(2400);
  leadership.check();
  await pass(200);
  assert.ok(leadership.signal.aborted);
  assert.ok(leases.until > leases.now, 'nobody else can have it yet');
  assert.throws(() => leadership.check(), { code: 'not-leader' });
});

test('an answer that comes too late changes nothing any more', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  const answer = Promise.withResolvers<void>();
  leases.after = () => answer.promise;
  await pass(4000);
  assert.ok(leadership.signal.aborted);
  answer.resolve();
  await pass(100);
  assert.equal(leadership.leftMs, 0);
});

test('a renewal counts from when it was asked for, not from its answer', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  const answers: (() => void)[] = [];
  leases.after = () => new Promise((resolve) => answers.push(resolve));
  await pass(2000);
  answers[0]?.();
  await pass(50);
  // Asked for at 750 ms: until 3 250, of which 2 050 have passed.
  assert.ok(leadership.leftMs <= 1250, `${leadership.leftMs} ms left`);
  assert.ok(leadership.leftMs > 1000);
});

test('renewals that fail are tried again at once, and one that works is enough', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  let failures = 0;
  leases.before = async () => {
    failures += 1;
    if (failures < 10) throw new Error('away');
  };
  await pass(10_000);
  leadership.check();
  leases.before = async () => {
    throw new Error('away');
  };
  await pass(3000);
  assert.ok(leadership.signal.aborted);
});

test('one who was stopped finds its term over when it wakes up, before any timer has rung', async (t) => {
  const { leases, standing, jump } = bench(t);
  const leadership = await taken(standing);
  jump(2600);
  assert.ok(!leadership.signal.aborted);
  assert.throws(() => leadership.check(), { code: 'not-leader' });
  assert.ok(leadership.signal.aborted);
  assert.ok(leases.until > leases.now);
});

test('whoever has been followed by another hears it with the next renewal', async (t) => {
  const { leases, standing, pass } = bench(t);
  const leadership = await taken(standing);
  leases.term += 1;
  await pass(1000);
  assert.throws(() => leadership.check(), { code: 'not-leader', message: /another one has taken over/ });
});

test('who resigns lets the next one in at once; what it had lost already it does not give back', async (t) => {
  const { leases, standing } = bench(t);
  const first = await taken(standing);
  await first.resign(false);
  const second = await taken(standing);
  assert.equal(second.term, 2);
  await first.resign(true);
  assert.ok(!leases.ended && leases.until > leases.now);
  await second.resign(true);
  assert.ok(leases.ended);
});
