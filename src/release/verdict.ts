/** What the judge says of the candidate at one moment, as the release takes it: what to do, why, and what was seen. */
export interface Verdict {
  readonly action: VerdictAction;
  /** `rule`, `comparison`, `limit` …: what it rests on, statistics or one of the rules beside them. */
  readonly because: string;
  /** The rule or the instance that it is about. */
  readonly subject: string | null;
  /** For people: what was seen, how certain it is, what follows. */
  readonly sentence: string;
  /** What can be promised of the comparison. */
  readonly guarantee: string;
  /** Natural logarithm of the evidence of harm. */
  readonly log: number;
  /** The tick it was given after. */
  readonly seq: number;
  /** For how long people have been compared. */
  readonly seconds: number;
  /** People seen on each side. */
  readonly people: { readonly candidate: number; readonly live: number };
  readonly metrics: readonly MetricVerdict[];
  /** Until it is shown to be safe, were it as good as live; null when nothing is missing or it cannot be said. */
  readonly needed: { readonly people: number; readonly seconds: number } | null;
}

/**
 * `roll-back` now · `restart-instance` and go on judging · `stop` and `freeze`: no further for now · `advance` to the next step · `ask` a
 * person · `wait`
 */
type VerdictAction = 'roll-back' | 'restart-instance' | 'stop' | 'freeze' | 'advance' | 'ask' | 'wait';

interface MetricVerdict {
  readonly id: string;
  /** Natural logarithms of the evidence of harm and of safety; null: the metric is not asked for safety. */
  readonly log: number;
  readonly safety: number | null;
  /** Harm is shown by this metric alone. */
  readonly named: boolean;
  /** Candidate's rate over live's, 95 % at all times together; null where there is none. */
  readonly ratio: { readonly low: number; readonly high: number | null } | null;
  /** People with the event, or who were scored. */
  readonly candidate: number;
  readonly live: number;
  /** People who would not have had it on live. */
  readonly harmed: number | null;
}

/** What the answers of an app were like before a release: fixed before anybody meets the candidate, so that any marks are fair. */
export interface Past {
  /** Milliseconds to the first byte that 95 and 99 of 100 answers stayed below; null: too few to say. */
  readonly slow: { readonly q95: number; readonly q99: number } | null;
  /** Percentiles of the same; empty: as above. */
  readonly scale: readonly number[];
}

/** Said again by the next tick, and nothing new. */
export const sameVerdict = (one: Verdict | null, two: Verdict): boolean =>
  (one?.action ?? 'wait') === two.action &&
  (two.action === 'wait' || (one?.because === two.because && one.subject === two.subject));

/** Without when it was remembered. */
export function said(remembered: Verdict & { readonly at: number }): Verdict {
  const { at: _, ...verdict } = remembered;
  return verdict;
}
