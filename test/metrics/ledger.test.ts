import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomOf } from '../../bench/judge/random.ts';
import { check, type Count, type Stratum } from '../../src/judge/facts.ts';
import { bucketIn, FactBuffer, placeOf, withInstance } from '../../src/metrics/fact.ts';
import { Ledger, type Terms } from '../../src/metrics/ledger.ts';
import { ReleaseCount, type Told } from '../../src/metrics/release-count.ts';
import { Naive, type Counts, type Seen } from './naive.ts';

const slow = { q95: 100, q99: 1000 };
const scale = Array.from({ length: 99 }, (_, index) => (index + 1) * 2);
const terms = (width: number): Terms => ({
  crowd: { audiences: [], widths: [], all: width, offset: 0 },
  slow,
  scale,
  generation: 1,
  byRole: false,
});
const nobody = { candidate: 0, live: 0 };
const told = (buffer: FactBuffer, base: number): Told => ({
  batch: buffer.take(base),
  dropped: 0,
  roles: ['web'],
  instances: ['', 'i1', 'i2'],
  requests: nobody,
  failed: nobody,
  anonymous: nobody,
});

/** A person's key and bucket: fixed, and spread like those of a digest. */
const keyOf = (person: number) => ({
  low: Math.imul(person + 1, 0x9e_37_79_b1) >>> 0,
  high: Math.imul(person + 7, 0x85_eb_ca_6b) >>> 0,
  bucket: Math.imul(person + 3, 0xc2_b2_ae_35) >>> 0,
});
const bucketOf = (person: number): number => keyOf(person).bucket % 100_000;

function tell(buffer: FactBuffer, seen: Seen): void {
  const { low, high } = keyOf(seen.person);
  const candidate = seen.side === 'candidate';
  const place = placeOf({
    bucket: seen.bucket,
    role: 0,
    audiences: 0,
    held: seen.held,
    candidate,
    generation: seen.stale ? 2 : 1,
  });
  const what = (seen.asked ? 1 : 0) | (seen.failed ? 2 : 0) | (seen.refused ? 4 : 0);
  const instance = !candidate || seen.instance === null ? 0 : seen.instance === 'i1' ? 1 : 2;
  buffer.add({ low, high, place }, seen.at, seen.latency, withInstance(what, instance));
}

/** Strata in the naive count's form. */
function plain(strata: readonly Stratum[]): Record<string, Counts> {
  return Object.fromEntries(
    strata.map(({ name, events, fresh, scores, arrived, instances }) => [
      name,
      {
        events: { ...events },
        instances: Object.fromEntries(instances.map(({ id, events: own }) => [id, { ...own }])),
        fresh: present(fresh.flatMap(({ share, ...sides }) => bySide(`${share}`, sides))),
        scores: present(
          Object.entries(scores).flatMap(([metric, cells]) =>
            cells.flatMap(({ share, candidate, live }) => [
              ...candidate.map((count, level) => [`${metric} ${share} candidate ${level}`, count] as const),
              ...live.map((count, level) => [`${metric} ${share} live ${level}`, count] as const),
            ]),
          ),
        ),
        arrived: present(Object.entries(arrived)),
      },
    ]),
  );
}
const bySide = (name: string, sides: Record<string, number>) =>
  Object.entries(sides).map(([side, count]) => [`${name} ${side}`, count] as const);
const present = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
  Object.fromEntries(entries.filter(([, count]) => count > 0));

const workers = 3;
const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      person: fc.nat(14),
      worker: fc.nat(workers - 1),
      // Of two facts in the same millisecond nobody can say which was first.
      after: fc.constantFrom(1, 400, 5_000, 29_000),
      latency: fc.constantFrom(1, 50, 100, 101, 150, 1000, 1001, 40_000),
      asked: fc.boolean(),
      failed: fc.boolean(),
      refused: fc.boolean(),
      held: fc.constantFrom(false, false, false, true),
      stale: fc.constantFrom(false, false, false, true),
      instance: fc.constantFrom('i1', 'i2', null),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('turn' as const),
      after: fc.constantFrom(0, 1, 1000, 60_000, 61_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      more: fc.constantFrom(1_000, 30_000, 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('killed' as const), worker: fc.nat(workers - 1) }) },
);

test('people are counted as by hand, however their requests are spread over workers, and through the end of a worker', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 120 }), fc.boolean(), (commands, exposed) => {
      let [now, width, seq] = [0, exposed ? 5_000 : 0, 0];
      const naive = new Naive(width, slow, scale);
      const count = new ReleaseCount('r1', terms(width), 0);
      const buffers = Array.from({ length: workers }, () => new FactBuffer(0));
      // What a worker saw that is killed before it told it is gone: for the naive count as well.
      let untold: { worker: number; seen: Seen }[] = [];
      const turn = (): void => {
        for (const { seen } of untold) naive.see(seen);
        untold = [];
        naive.turn(now);
        // Last to first: the order in which workers answer says nothing.
        for (const buffer of buffers.toReversed()) count.hear(told(buffer, now));
        count.turn(now);
      };
      const close = (): void => {
        turn();
        const counted = count.count(seq++);
        check({ ...counted, stage: '', phase: 'stepping', rules: [] });
        assert.deepEqual(plain(counted.strata), naive.close());
      };
      for (const each of commands) {
        if (each.kind === 'request') {
          now += each.after;
          const bucket = bucketOf(each.person);
          const chosen = bucket < width;
          const held = each.held && !chosen && width > 0;
          const { person, latency, asked, failed, refused, instance, stale } = each;
          const side = chosen || held ? 'candidate' : 'live';
          const seen: Seen = {
            person,
            at: now,
            side,
            held,
            stale,
            bucket,
            latency,
            asked,
            failed,
            refused,
            instance,
          };
          untold.push({ worker: each.worker, seen });
          tell(buffers[each.worker] as FactBuffer, seen);
        } else if (each.kind === 'turn') {
          now += each.after;
          turn();
        } else if (each.kind === 'step') {
          turn();
          width = Math.min(100_000, width + each.more);
          naive.step(width);
          count.change(terms(width));
        } else if (each.kind === 'close') {
          close();
        } else {
          buffers[each.worker] = new FactBuffer(now);
          untold = untold.filter(({ worker }) => worker !== each.worker);
        }
      }
      close();
    }),
    { numRuns: 400 },
  );
});

test('before is what happened until somebody was exposed, and stays that, also when nobody is for a while', () => {
  const count = new ReleaseCount('r1', terms(0), 0);
  const buffer = new FactBuffer(0);
  const fail = (person: number, at: number): void => {
    const fact = { person, at, side: 'live', held: false, stale: false, bucket: bucketOf(person) } as const;
    tell(buffer, { ...fact, latency: 1, asked: true, failed: true, refused: false, instance: null });
    count.hear(told(buffer, at));
    count.turn(at + 1000);
  };
  fail(1, 0);
  assert.deepEqual(count.before, { exposed: 1 / 60, events: 1 });
  count.count(0);
  fail(2, 1000);
  assert.deepEqual(count.before, { exposed: 2 / 60, events: 2 });
  for (const width of [5_000, 0, 5_000]) {
    count.change(terms(width));
    fail(1, 3000);
    assert.deepEqual(count.before, { exposed: 2 / 60, events: 2 });
  }
  const { strata } = count.count(1);
  const errors = strata.map(({ name, events }) => [name, [events['errors'], events['errors-3']]] as const);
  const live = errors.map(([name, pairs]) => [name, pairs.map((pair) => pair?.live.events)] as const);
  assert.deepEqual(Object.fromEntries(live), { all: [1, 1], 'not exposed': [0, 0] });
});

/** Adds what is counted of several parts of the people. */
function merged(parts: readonly (readonly Stratum[])[]): Record<string, Counts> {
  const sum = (one: unknown, two: unknown): unknown => {
    if (typeof one === 'number' && typeof two === 'number') return one + two;
    const [a, b] = [(one ?? {}) as Record<string, unknown>, (two ?? {}) as Record<string, unknown>];
    return Object.fromEntries(
      [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) =>
        a[key] === undefined
          ? [key, b[key]]
          : b[key] === undefined
            ? [key, a[key]]
            : [key, sum(a[key], b[key])],
      ),
    );
  };
  return parts.map(plain).reduce((all, each) => sum(all, each) as Record<string, Counts>, {});
}

test('who is counted by several owners of keys is counted as by one', () => {
  const random = randomOf(5);
  const whole = new Ledger(terms(20_000), 0);
  const parts = Array.from({ length: 3 }, () => new Ledger(terms(20_000), 0));
  for (let at = 0; at < 90_000; at += 500) {
    for (let index = 0; index < 20; index++) {
      const person = Math.floor(random() * 400);
      const { low, high } = keyOf(person);
      const bucket = bucketOf(person);
      const place = placeOf({
        bucket,
        role: 0,
        audiences: 0,
        held: false,
        candidate: bucket < 20_000,
        generation: 1,
      });
      const what = 1 | (random() < 0.1 ? 2 : 0);
      const fact = { low, high, at, place, latency: random() * 300, what };
      whole.take({ ...fact });
      (parts[person % 3] as Ledger).take({ ...fact });
    }
    for (const ledger of [whole, ...parts]) ledger.turn(at + 500);
  }
  assert.deepEqual(
    rounded(merged(parts.map((part) => part.close().strata))),
    rounded(plain(whole.close().strata)),
  );
});
const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' ? Math.round(each * 1e9) / 1e9 : each,
    ),
  );

test('with more people than there is room for every second one is left out, on both sides alike, and it is said', () => {
  const most = 2_000;
  const ledger = new Ledger(terms(50_000), 0, most);
  const random = randomOf(6);
  const arrive = (from: number, to: number): void => {
    for (let person = from; person < to; person++) {
      const bucket = Math.floor(random() * 100_000);
      const place = placeOf({
        bucket,
        role: 0,
        audiences: 0,
        held: false,
        candidate: bucket < 50_000,
        generation: 1,
      });
      const key = { low: Math.floor(random() * 2 ** 32), high: Math.floor(random() * 2 ** 32) };
      ledger.take({ ...key, at: 1, place, latency: 10, what: 1 });
    }
  };
  arrive(0, most);
  assert.equal(ledger.sampled, 1);
  assert.equal(ledger.people, most);
  arrive(most, 7 * most);
  assert.equal(ledger.sampled, 1 / 4 / 2);
  ledger.turn(1000);
  const { strata, sampled } = ledger.close();
  assert.equal(sampled, 1 / 8);
  const { candidate, live } = strata[0]?.events['errors'] ?? { candidate: none, live: none };
  // A quarter is not in the sample only since it came before it was that small.
  const people = (candidate.exposed + live.exposed) * 60;
  assert(Math.abs(people - (7 * most) / 8) < 300, `${people}`);
  assert(Math.abs(candidate.exposed / live.exposed - 1) < 0.2, `${candidate.exposed} ${live.exposed}`);
});
const none: Count = { exposed: 0, events: 0 };

test('windows close, and people stay active, across the halving of the sample', () => {
  const ledger = new Ledger(terms(100_000), 0, 4);
  const key = (low: number) => ({ low, high: low, at: 0, latency: 10, what: 1 });
  const place = placeOf({ bucket: 1, role: 0, audiences: 0, held: false, candidate: true, generation: 1 });
  for (const low of [8, 1, 16, 3]) ledger.take({ ...key(low), place });
  ledger.turn(10_000);
  ledger.take({ ...key(24), place });
  ledger.turn(31_000);
  ledger.turn(41_000);
  const [stratum] = ledger.close().strata;
  assert.equal(ledger.people, 3);
  // 4 people for 10 s, then those of 8, 16 and 24.
  assert.equal(stratum?.events['errors']?.candidate.exposed, (4 * 10 + 3 * 31) / 60);
  const scored = stratum?.scores['latency']?.[0]?.candidate.reduce((sum, each) => sum + each, 0);
  assert.equal(scored, 3);
  // Halved again, when the windows of those before have been closed: theirs stay closed, and no other is forgotten.
  for (const low of [32, 40, 48]) ledger.take({ ...key(low), at: 41_000, place });
  assert.equal(ledger.sampled, 1 / 16);
  assert.equal(ledger.people, 3);
  ledger.turn(72_000);
  const [later] = ledger.close().strata;
  assert.equal(
    later?.scores['latency']?.[0]?.candidate.reduce((sum, each) => sum + each, 0),
    2,
  );
});

test('a million people take no more than 64 MB', { timeout: 60_000 }, () => {
  const ledger = new Ledger(terms(50_000), 0);
  const random = randomOf(7);
  const fact = { low: 0, high: 0, at: 0, place: 0, latency: 10, what: 1 };
  for (let person = 0; person < 1_000_000; person++) {
    const bucket = Math.floor(random() * 100_000);
    fact.low = Math.floor(random() * 2 ** 32);
    fact.high = Math.floor(random() * 2 ** 32);
    fact.at = person / 20;
    fact.place = placeOf({
      bucket,
      role: 0,
      audiences: 0,
      held: false,
      candidate: bucket < 50_000,
      generation: 1,
    });
    ledger.take(fact);
  }
  ledger.turn(50_000);
  assert.equal(ledger.people, 1_000_000);
  assert.equal(ledger.sampled, 1);
  assert(ledger.bytes <= 64e6, `${ledger.bytes}`);
});

test('a fact keeps what is put into it', () => {
  for (const bucket of [0, 1, 99_999]) {
    const place = placeOf({ bucket, role: 7, audiences: 255, held: true, candidate: true, generation: 3 });
    assert.equal(bucketIn(place), bucket);
  }
});
