/**
 * An hour of traffic as potential outcomes: for every request what the old version would do. A scenario says what the new version would do with
 * the same request; so all rules replay the same hour, each with its own ramp, and "harmed" can be counted: failed on the new version, would
 * not have on the old.
 *
 * 300 people arrive a minute, each with a session of 10 requests on average, 5 s apart; 20 bots ask every 4 s all the time: 55 requests a second.
 * 0.5 % of the people are broken (half of their requests fail), 5 % of the bots (a fifth), the others fail in 0.2 %; all ±50 % over half an hour.
 * Latencies are lognormal: median 40 ms, 0.5 between people, 0.75 between requests of one.
 */
import { exponential, normal, randomOf, type Random } from './random.ts';

export interface TraceOptions {
  readonly seed: number;
  readonly bots: number;
  /** Chance of an ordinary request to fail. */
  readonly failing: number;
}

export const usual = { bots: 20, failing: 0.002 } as const;
export const seconds = 3600;

/** Requests in order of time, in columns. */
export interface Trace {
  readonly length: number;
  /** Seconds from the start of the release. */
  readonly at: Float64Array;
  readonly person: Int32Array;
  /** 1: fails on the old version. */
  readonly fails: Uint8Array;
  /** Milliseconds on the old version. */
  readonly latency: Float32Array;
  /** Uniform: decides what the new version does beyond the old. */
  readonly chance: Float32Array;
  /** By person: uniform, decides who is on the candidate (below the share). */
  readonly bucket: Float64Array;
  /** By person: uniform, decides whom a scenario hits. */
  readonly trait: Float64Array;
}

/** Time and person of a request in one number, so that they sort without a comparison function: 10 µs are fine enough for a time. */
const [perSecond, personRange] = [1e5, 2 ** 15];

export function traceOf({ seed, bots, failing }: TraceOptions): Trace {
  const random = randomOf(seed);
  const keys: number[] = [];
  const ask = (at: number, person: number): void => {
    if (at >= 0) keys.push(Math.floor(at * perSecond) * personRange + person);
  };
  let people = 0;
  // Sessions that began before the release are still going on.
  for (let start = -60 + exponential(random, 0.2); start < seconds; start += exponential(random, 0.2)) {
    let at = start;
    do {
      if (at < seconds) ask(at, people);
      at += exponential(random, 5);
    } while (random() > 0.1);
    people += 1;
  }
  for (let bot = 0; bot < bots; bot += 1) {
    for (let at = random() * 4; at < seconds; at += exponential(random, 4)) ask(at, people + bot);
  }
  return fill(Float64Array.from(keys).sort(), { people, bots, failing }, random);
}

function fill(
  keys: Float64Array,
  { people, bots, failing }: { readonly people: number; readonly bots: number; readonly failing: number },
  random: Random,
): Trace {
  const [all, length] = [people + bots, keys.length];
  const speed = new Float64Array(all);
  const base = new Float64Array(all);
  const trace = {
    length,
    at: new Float64Array(length),
    person: new Int32Array(length),
    fails: new Uint8Array(length),
    latency: new Float32Array(length),
    chance: new Float32Array(length),
    bucket: new Float64Array(all),
    trait: new Float64Array(all),
  };
  for (let person = 0; person < all; person += 1) {
    trace.bucket[person] = random();
    trace.trait[person] = random();
    speed[person] = 0.5 * normal(random);
    const broken = random();
    base[person] = failing;
    if (person < people && broken < 0.005) base[person] = 0.5;
    if (person >= people && broken < 0.05) base[person] = 0.2;
  }
  for (let index = 0; index < length; index += 1) {
    const key = keys[index] ?? 0;
    const person = key % personRange;
    const at = Math.floor(key / personRange) / perSecond;
    const drift = 1 + 0.5 * Math.sin((2 * Math.PI * at) / 1800);
    trace.at[index] = at;
    trace.person[index] = person;
    trace.fails[index] = random() < (base[person] ?? 0) * drift ? 1 : 0;
    trace.latency[index] = 40 * Math.exp((speed[person] ?? 0) + 0.75 * normal(random));
    trace.chance[index] = random();
  }
  return trace;
}
