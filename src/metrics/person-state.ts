/**
 * What is remembered of a person's events, in six bits, and how requests change it: tables made from the judge's own rules (src/judge/units.ts), so
 * that there is one definition, and counting costs a lookup.
 *
 *   bits 0–1 failures · 2–3 refusals · 4 slow-95 · 5 slow-99
 */
import { after, atRisk, eventMetrics, type Person } from '../judge/units.ts';

const states = 64;
/** Everything that can become of a request: failed, refused, above the first mark, above the second. */
const outcomes = 16;
export const outcomeFailed = 1;
export const outcomeRefused = 2;
export const outcomeSlow95 = 4;
export const outcomeSlow99 = 8;

/** A bit for each of `eventMetrics`. */
export const riskSets: number = 1 << eventMetrics.length;

const slow = { q95: 1, q99: 2 };

function personOf(state: number): Person {
  return {
    failures: state & 3,
    refusals: (state >> 2) & 3,
    slow95: (state & 16) !== 0,
    slow99: (state & 32) !== 0,
  };
}

const stateOf = ({ failures, refusals, slow95, slow99 }: Person): number =>
  failures | (refusals << 2) | (slow95 ? 16 : 0) | (slow99 ? 32 : 0);

const riskSet = (person: Person): number =>
  eventMetrics.reduce((set, metric, bit) => set | (atRisk(person, metric) ? 1 << bit : 0), 0);

/** By state: the metrics of which the person can still have the event. */
export const risks: Uint8Array = Uint8Array.from({ length: states }, (_, state) => riskSet(personOf(state)));

const nexts = Uint8Array.from({ length: states * outcomes }, (_, index) => {
  const [state, outcome] = [Math.floor(index / outcomes), index % outcomes];
  // The second mark is the higher one: what passes it has passed both.
  const latency = (outcome & outcomeSlow99) !== 0 ? 3 : (outcome & outcomeSlow95) !== 0 ? 2 : 0;
  const request = {
    failed: (outcome & outcomeFailed) !== 0,
    refused: (outcome & outcomeRefused) !== 0,
    latency,
  };
  return stateOf(after(personOf(state), request, slow));
});

/** The state after a request. */
export const nextState = (state: number, outcome: number): number =>
  nexts[state * outcomes + outcome] as number;
