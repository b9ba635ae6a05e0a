/**
 * Whether a step lasts long enough for the judge to see that the candidate is safe: what src/judge/planning.ts forecasts, with the judge's
 * default settings, for people who behave as those of the log did. A version without errors takes some 460 minutes of activity on the
 * candidate, all of its people together; more where live fails, too, or where few are left on live to compare with.
 */
import type { ExposePolicy, StepPolicy } from '../../config/release.ts';
import { ticksToSafety } from '../../judge/planning.ts';
import { safetyGrid } from '../../judge/rate-ratio.ts';
import { defaults } from '../../judge/settings.ts';
import { activeMs } from './people.ts';

/** People a step takes its share of. */
export interface Population {
  /** Minutes of activity in a minute: how many are active at once, on average. */
  readonly active: number;
  /** Live's events in a minute of activity. */
  readonly rate: number;
}

/**
 * The judge asks of errors, and of answers slower than 99 of 100 were: live has one such person in a hundred each minute, whatever it does.
 * The slower of the two says how long it takes.
 */
const slowRate = 0.01;

/** How long it takes on average until the judge says "go on", in milliseconds; Infinity when it never will. @param share 0…1 */
export function evidenceMs({ active, rate }: Population, share: number): number {
  if (active <= 0 || share <= 0 || share >= 1) return Infinity;
  const pace = { candidate: active * share, live: active * (1 - share) };
  const tests = defaults.metrics.flatMap((metric) =>
    metric.kind === 'event' && metric.safety !== null ? [metric.safety] : [],
  );
  const noEvidence = safetyGrid.map(() => 0);
  const ticks = tests.flatMap((test) =>
    [rate, slowRate].map((each) =>
      ticksToSafety(noEvidence, test, { ...pace, rate: each }, Math.log(1 / defaults.beta)),
    ),
  );
  return Math.max(defaults.minSeconds * 1000, ...ticks.map((minutes) => minutes * activeMs));
}

/** Shares that people choose. */
const ladder: readonly number[] = [0.1, 0.5, 1, 2, 5, 10, 20, 25, 50];
/** A step that takes longer sees another day's people: a person had better decide. */
const longestMs = 86_400_000;

/**
 * The same steps with percentages that gather evidence in their time: the next of the usual shares that does, else half of the people for
 * as long as it takes; where that is more than a day, somebody has to sign it off. Steps that others make needless are left out.
 * @returns null when nothing has to be changed
 */
export function proposal(
  all: readonly StepPolicy[],
  populationOf: (step: ExposePolicy) => Population,
): readonly StepPolicy[] | null {
  const proposed: StepPolicy[] = [];
  const reached = new Map<string, number>();
  for (const [index, step] of all.entries()) {
    if (step.kind !== 'expose' || step.percent === null) {
      proposed.push(step);
      continue;
    }
    const whom = step.to.join(' ');
    if (step.percent <= (reached.get(whom) ?? 0)) continue;
    const better = enough({ ...step, percent: step.percent }, populationOf(step));
    reached.set(whom, better.step.percent);
    proposed.push(better.step);
    if (better.ask && all[index + 1]?.kind !== 'approve' && proposed.at(-1)?.kind !== 'approve')
      proposed.push(ask);
  }
  return JSON.stringify(proposed) === JSON.stringify(all) ? null : proposed;
}

type Percent = ExposePolicy & { readonly percent: number };

const ask: StepPolicy = {
  kind: 'approve',
  role: null,
  by: null,
  fourEyes: false,
  expiresMs: null,
  onExpiry: 'abort',
};

function enough(step: Percent, population: Population): { readonly step: Percent; readonly ask: boolean } {
  const needed = (percent: number): number => evidenceMs(population, percent / 100);
  const percent = [step.percent, ...ladder].find(
    (one) => one >= step.percent && needed(one) <= patienceMs(step),
  );
  if (percent !== undefined) return { step: { ...step, percent }, ask: false };
  const most = Math.max(step.percent, 50);
  const forMs = roundedUp(needed(most));
  return forMs <= longestMs
    ? { step: { ...step, percent: most, forMs: Math.max(step.forMs, forMs) }, ask: false }
    : { step, ask: true };
}

/** How long the step waits for evidence. */
export const patienceMs = ({ forMs, atMostMs }: ExposePolicy): number => atMostMs ?? forMs;

/** To five minutes: it is a forecast. */
const roundedUp = (ms: number): number => Math.ceil(ms / 300_000) * 300_000;
