/** The verdict in one sentence that stands on its own: what was seen, how certain it is, what follows. */
import type { JudgeState } from './judge.ts';
import type { RatioInterval } from './ratio-interval.ts';
import { eventMetrics } from './judge.ts';
import type { EventMetric, ScoreMetric, Settings } from './settings.ts';
import type { Action, MetricEvidence, Verdict } from './verdict.ts';

/** For people: no jargon, the numbers first. */
export function sentence(settings: Settings, state: JudgeState, verdict: Verdict): string {
  return `${findings(settings, state, verdict)}; ${consequence(verdict, state)}`;
}

function findings(settings: Settings, state: JudgeState, verdict: Verdict): string {
  const { because, subject } = verdict;
  const { candidate, live } = settings.names;
  const leading = strongest(verdict);
  switch (because) {
    case 'rule':
      return state.rules.find(({ name }) => name === subject)?.says ?? `${subject} failed`;
    case 'all-traffic':
      return `${candidate} and ${live} together are worse than before the release (cause not proven)`;
    case 'limit':
      return `${candidate} is above an absolute limit: ${limits(settings, state)}`;
    case 'routing':
      return `people do not reach ${candidate} as often as they were to be sent there: the routing is broken`;
    case 'instance':
      return `${compared(settings, state, leading)}, but only on instance ${subject}`;
    case 'comparison':
      return compared(settings, state, leading);
    case 'safety':
    case 'time':
      return noHarm(settings, state, verdict);
  }
}

/** The metric that carries the verdict. */
const strongest = ({ metrics }: Verdict): MetricEvidence | undefined =>
  metrics.toSorted((one, two) => Number(two.named) - Number(one.named) || two.log - one.log)[0];

function compared(settings: Settings, state: JudgeState, found: MetricEvidence | undefined): string {
  const metric = settings.metrics.find(({ id }) => id === found?.id);
  if (found === undefined || metric === undefined) return 'nothing was compared';
  return metric.kind === 'score' ? scored(settings, state, metric) : counted(settings, state, metric, found);
}

function counted(settings: Settings, state: JudgeState, metric: EventMetric, found: MetricEvidence): string {
  const { names } = settings;
  const { candidate, live } = state.people;
  const people = `${number(found.candidate)} of ${number(candidate)} people on ${names.candidate} ${metric.says}`;
  return `${people}, ${number(found.live)} of ${number(live)} on ${names.live}${times(found.ratio)}`;
}

/** 9–60×, at least 9×, or nothing when neither side is bounded away from "alike". */
function times(ratio: RatioInterval | null): string {
  if (ratio === null || (ratio.low <= 1 && (ratio.high === null || ratio.high >= 1))) return '';
  if (ratio.low > 1)
    return ratio.high === null
      ? `: at least ${short(ratio.low)}× worse`
      : `: ${short(ratio.low)}–${short(ratio.high)}× worse`;
  return `: at most ${short(ratio.high ?? 0)}× as many`;
}

function scored(settings: Settings, state: JudgeState, metric: ScoreMetric): string {
  const scores = state.scores[metric.id];
  const mean = (sum: number, people: number): string => (people === 0 ? '–' : (sum / people).toFixed(2));
  const [on, off] = [scores?.candidate, scores?.live];
  const ranks = `mean rank ${mean(on?.sum ?? 0, on?.people ?? 0)} against ${mean(off?.sum ?? 0, off?.people ?? 0)}`;
  return (
    `${number(on?.people ?? 0)} people on ${settings.names.candidate} ${metric.says} than ` +
    `${number(off?.people ?? 0)} on ${settings.names.live} (${ranks})`
  );
}

function limits(settings: Settings, state: JudgeState): string {
  return eventMetrics(settings.metrics)
    .filter(({ limit }) => limit !== null)
    .map(({ id, limit, says }) => {
      const { exposed, events } = state.events[id]?.candidate ?? { exposed: 0, events: 0 };
      return `${number(events)} people ${says}, ${short(exposed === 0 ? 0 : events / exposed)} per minute, allowed ${limit}`;
    })
    .join(', ');
}

function noHarm(settings: Settings, state: JudgeState, { metrics, guarantee }: Verdict): string {
  const { names } = settings;
  if (guarantee === 'no comparison: absolute limits only')
    return `nobody is on ${names.live} to compare with: absolute limits only`;
  const errors = metrics.find(({ ratio }) => ratio !== null);
  const [first] = eventMetrics(settings.metrics);
  if (errors === undefined || first === undefined || state.people.candidate === 0)
    return `${number(state.people.candidate)} people came to ${names.candidate} so far`;
  return counted(settings, state, first, errors);
}

function consequence({ action, subject, needed }: Verdict, state: JudgeState): string {
  if (action === 'restart-instance') return `restart ${subject}, not the release`;
  if (action === 'roll-back') return `rolled back after ${duration(state.seconds)}`;
  const more = needed
    ? `needs about ${number(needed.people)} more people, ~${duration(needed.seconds)} at this traffic`
    : null;
  const words: Readonly<Record<Exclude<Action, 'roll-back' | 'restart-instance'>, string>> = {
    stop: 'stopped until it is repaired',
    freeze: 'goes no further for now',
    advance: 'safe to go on',
    ask: more ? `not enough to go on without a person: ${more}` : 'not enough to go on without a person',
    wait: more ?? 'watched on',
  };
  return words[action];
}

/** 4 100 */
const number = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ' ');

/** Two digits are all that an interval is worth. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}
