/** What the new version does with a request, given what the old one would do. */
import type { Trace } from './trace.ts';

export interface Scenario {
  readonly name: string;
  /** What is different about the traffic. */
  readonly traffic?: { readonly bots?: number; readonly failing?: number };
  /** Seconds until the new version is worse; null: it never is. */
  readonly onset: number | null;
  /** Chance of a request to fail on the new version beyond the old. */
  readonly errors?: number;
  /** Share of people to whom it always happens. */
  readonly always?: number;
  readonly slower?: number;
  /** Something that hits both versions alike, in seconds. */
  readonly incident?: { readonly from: number; readonly to: number };
}

const minute = 60;

export const healthy: readonly Scenario[] = [
  { name: 'healthy', onset: null },
  {
    name: 'healthy, an incident of 2 min on both',
    onset: null,
    incident: { from: 5 * minute, to: 7 * minute },
  },
  { name: 'healthy, 60 bots', onset: null, traffic: { bots: 60 } },
  { name: 'healthy, near an objective of 99 %', onset: null, traffic: { failing: 0.006 } },
];

export const harmful: readonly Scenario[] = [
  { name: '+0.4 % errors', onset: 0, errors: 0.004 },
  { name: '+1 % errors', onset: 0, errors: 0.01 },
  { name: '+5 % errors', onset: 0, errors: 0.05 },
  { name: '+20 % errors', onset: 0, errors: 0.2 },
  { name: '3 % of people always fail', onset: 0, always: 0.03 },
  { name: '+20 % errors from minute 30', onset: 30 * minute, errors: 0.2 },
  { name: 'latency ×2', onset: 0, slower: 2 },
];

/** A request on either version. */
export interface Outcome {
  fails: boolean;
  latency: number;
}

/** During an incident so many fail more, and all take so much longer: on both versions. */
const incidentErrors = 0.1;
const incidentSlower = 3;

/** What happens to a request; `outcome` is filled in and returned, since there are hundreds of millions. */
export function happens(
  trace: Trace,
  index: number,
  { scenario, isNew }: { readonly scenario: Scenario; readonly isNew: boolean },
  outcome: Outcome,
): Outcome {
  const at = trace.at[index] ?? 0;
  const chance = trace.chance[index] ?? 0;
  outcome.fails = trace.fails[index] === 1;
  outcome.latency = trace.latency[index] ?? 0;
  const { incident } = scenario;
  if (incident && at >= incident.from && at < incident.to) {
    // From the other end than what the new version adds: the two shall not hit the same requests.
    if (chance > 1 - incidentErrors) outcome.fails = true;
    outcome.latency *= incidentSlower;
  }
  if (isNew && scenario.onset !== null && at >= scenario.onset)
    worsen(scenario, outcome, chance, traitOf(trace, index));
  return outcome;
}

const traitOf = ({ trait, person }: Trace, index: number): number => trait[person[index] ?? 0] ?? 1;

function worsen(scenario: Scenario, outcome: Outcome, chance: number, trait: number): void {
  if (chance < (scenario.errors ?? 0) || trait < (scenario.always ?? 0)) outcome.fails = true;
  outcome.latency *= scenario.slower ?? 1;
}
