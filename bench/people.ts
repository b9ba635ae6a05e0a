/**
 * What counting people for the judge costs: per request in a worker, per request and second in the router's parent, and bytes per person.
 * 100 000 people are active at any time, each asking every six seconds, on two workers.
 *
 *   npm run bench:people [-- --json]
 */
import { buckets } from '../src/audience/bucket.ts';
import { asked, failed, placeOf, type Key } from '../src/metrics/fact.ts';
import { Ledger, type Terms } from '../src/metrics/ledger.ts';
import { ReleaseCount } from '../src/metrics/release-count.ts';
import { machineTime } from '../src/router/embedded/machine-clock.ts';
import { Tap } from '../src/router/embedded/tap.ts';
import { randomOf } from './judge/random.ts';

const people = 100_000;
const perSecond = Math.round(people / 6);
const seconds = 30;
const workers = 2;
const most = 1_000_000;
const share = 10_000;

/** What counting may take beside proxying: of the core that the parent runs on, and of a worker's time per request (a proxied request takes about 50 µs). */
const goals = { parent: 0.1, worker: 2_000, bytes: 64e6 };

const terms: Terms = {
  crowd: { audiences: [], widths: [], all: share, offset: 0 },
  slow: { q95: 80, q99: 200 },
  scale: Array.from({ length: 99 }, (_, index) => 1 + index),
  generation: 1,
  byRole: false,
};

/** The same people in every run. */
const random = randomOf(1);
const word = (): number => Math.floor(random() * 2 ** 32);

function somebody(): Key {
  const bucket = Math.floor(random() * buckets);
  const candidate = bucket < share;
  return {
    low: word(),
    high: word(),
    place: placeOf({ bucket, role: 0, audiences: 0, held: false, candidate, generation: 1 }),
  };
}

/** Nanoseconds of CPU. */
function cpu(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

function traffic(): {
  readonly worker: number;
  readonly parent: number;
  readonly turn: number;
  readonly bytes: number;
} {
  const everybody = Array.from({ length: people }, somebody);
  const taps = Array.from({ length: workers }, () => new Tap('shop', 'r1'));
  for (const tap of taps) tap.mark(terms.slow);
  const now = (): number => Math.floor(machineTime(performance.now()));
  const count = new ReleaseCount('r1', terms, now());
  const spent = { worker: 0, fact: 0, turn: 0 };
  const bare = new Ledger(terms, 0);
  const fact = { low: 0, high: 0, at: 0, place: 0, latency: 10, what: asked };
  let bytes = 0;
  for (let second = 0; second < seconds; second++) {
    // The first ten are for the compiler.
    const counts = second >= 10 ? 1 : 0;
    const who = Array.from({ length: perSecond }, () => everybody[Math.floor(random() * people)] as Key);
    spent.worker +=
      counts *
      cpu(() => {
        who.forEach((key, index) => {
          const request = (taps[index % workers] as Tap).ask(key, false);
          request.answered(index % 100 === 0 ? 500 : 200, performance.now());
          request.end();
        });
        for (let tick = 0; tick < 10; tick++) for (const tap of taps) tap.tick(performance.now());
      });
    spent.fact +=
      counts *
      cpu(() => {
        for (const tap of taps) count.hear(tap.take());
        count.turn(now());
      });
    for (const { low, high, place } of who) {
      Object.assign(fact, {
        low,
        high,
        place,
        at: second * 1000,
        what: random() < 0.01 ? asked | failed : asked,
      });
      bare.take(fact);
    }
    spent.turn += counts * cpu(() => bare.turn((second + 1) * 1000));
    bytes = bare.bytes / bare.people;
  }
  const counted = seconds - 10;
  return {
    worker: spent.worker / counted / perSecond,
    parent: spent.fact / counted,
    turn: spent.turn / counted,
    bytes,
  };
}

/** All the people there is room for, all of them active. */
function crowd(): { readonly bytes: number; readonly meet: number; readonly turn: number } {
  const ledger = new Ledger(terms, 0);
  const fact = { low: 0, high: 0, at: 0, place: 0, latency: 10, what: asked };
  const meet = cpu(() => {
    for (let person = 0; person < most; person++) {
      Object.assign(fact, somebody());
      ledger.take(fact);
    }
  });
  ledger.turn(1000);
  const turn = cpu(() => ledger.turn(2000));
  return { bytes: ledger.bytes, meet: meet / most, turn };
}

const usual = traffic();
const full = crowd();
const figures = [
  { what: 'in a worker, per request', value: usual.worker, unit: 'ns', goal: goals.worker },
  {
    what: 'in the parent, per request',
    value: (usual.parent - usual.turn) / perSecond,
    unit: 'ns',
    goal: null,
  },
  {
    what: `in the parent, per second with ${people} active`,
    value: usual.turn / 1e6,
    unit: 'ms',
    goal: null,
  },
  {
    what: `of the parent’s core, with ${perSecond} requests a second`,
    value: usual.parent / 1e7,
    unit: '%',
    goal: 100 * goals.parent,
  },
  { what: `a person, of ${people}`, value: usual.bytes, unit: 'bytes', goal: null },
  { what: 'a million people', value: full.bytes / 1e6, unit: 'MB', goal: goals.bytes / 1e6 },
  { what: 'a new person', value: full.meet, unit: 'ns', goal: null },
  { what: 'per second with a million active', value: full.turn / 1e6, unit: 'ms', goal: null },
];
const missed = figures.filter(({ value, goal }) => goal !== null && value > goal);
if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ figures, ok: missed.length === 0 })}\n`);
} else {
  for (const { what, value, unit, goal } of figures) {
    const figure = value.toFixed(value < 100 ? 1 : 0).padStart(8);
    process.stdout.write(
      `${figure} ${unit.padEnd(6)}${what}${goal === null ? '' : ` (goal: ${goal} at the most)`}\n`,
    );
  }
}
process.exitCode = missed.length === 0 ? 0 : 1;
