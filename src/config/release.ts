/** How versions of an app take each other's place. */
export interface ReleasePolicy {
  /** `steps`: the person wrote them; the others are names for lists of steps. */
  readonly strategy: 'blue-green' | 'canary' | 'cautious' | 'steps';
  readonly tests: readonly Test[];
  /** Outside them no step advances and deploys wait; going back is always allowed. */
  readonly windows: Windows;
  /** Between the tests and the switch; of a named strategy the steps that it stands for. */
  readonly steps: readonly StepPolicy[];
  /** Which people a percentage selects: the same in every release, or nobody again until everybody has been first. */
  readonly cohort: 'same' | 'fresh';
  /** `auto` goes live when the tests are green, `afterMs` later; `manual` waits for `teal promote`. */
  readonly promote: { readonly kind: 'auto'; readonly afterMs: number } | { readonly kind: 'manual' };
  /** Web instances of the candidate while it is tested; it grows to full size before the switch. */
  readonly previewInstances: number | 'all';
  /** From deploy to switch, pauses not counted. */
  readonly deadlineMs: number;
  /** How long the old environment stays warm after the switch. */
  readonly rollbackWindowMs: number;
}

/** When a release may advance. */
export interface Windows {
  /** Any of them is enough; none: always. */
  readonly open: readonly WindowPolicy[];
  /** `2026-12-25`, in the zone of each window. */
  readonly holidays: readonly string[];
}

/** Hours of a week. */
export interface WindowPolicy {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight; one that ends before it begins ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name, such as Europe/Berlin. */
  readonly zone: string;
}

/** One step of a strategy. */
export type StepPolicy =
  /** The test of this name, here instead of first. */
  | { readonly kind: 'test'; readonly test: string }
  | WarmPolicy
  | ExposePolicy
  | MirrorPolicy
  | { readonly kind: 'wait'; readonly ms: number }
  | ApprovePolicy;

/** Requests to the candidate before people meet it. */
export interface WarmPolicy {
  readonly kind: 'warm';
  readonly paths: readonly string[];
  /** How often each path is asked for. */
  readonly count: number;
}

/** Sends a part of the people to the candidate. */
export interface ExposePolicy {
  readonly kind: 'expose';
  /** Names of audiences, beside those of earlier steps; empty: everyone. */
  readonly to: readonly string[];
  /** How many of them, 0.001 to 99.999; null: all. */
  readonly percent: number | null;
  /** How long, from when every router has it; at least that long where the judge decides. */
  readonly forMs: number;
  /**
   * `on`: goes on as soon as it is shown to be safe; `hold`: goes on by time, unless the judge holds it; both: goes back on evidence of harm.
   * `off`: goes on by time, whatever the judge says. Absent in what an older Teal wrote: off.
   */
  readonly judge?: StepJudge;
  /** Where it is `on`: after this long without evidence of safety, */
  readonly atMostMs?: number;
  /** this is done. */
  readonly withoutEvidence?: WithoutEvidence;
}

/** What the judge may do to a step. */
export type StepJudge = 'off' | 'hold' | 'on';
export type WithoutEvidence = 'ask' | 'advance' | 'rollback';

/** Sends the candidate copies of live's requests; its answers are thrown away. */
export interface MirrorPolicy {
  readonly kind: 'mirror';
  /** Names of audiences whose requests are copied; empty: everyone's. */
  readonly of: readonly string[];
  /** How many of those requests, 0.001 to 99.999, each chosen by itself; null: all. */
  readonly percent: number | null;
  readonly methods: readonly string[];
  /** How long, from when every router has it. */
  readonly forMs: number;
  /** Of a copy, from sent to its whole answer. */
  readonly timeoutMs: number;
  /** Requests with a longer body are not copied. */
  readonly maxBodyBytes: number;
}

/** Waits for a person. */
export interface ApprovePolicy {
  readonly kind: 'approve';
  /** For people: the role that `by` was made of. */
  readonly role: string | null;
  /** Actors who may approve (`user:anna`); null: anyone. */
  readonly by: readonly string[] | null;
  /** Not the one who deployed. */
  readonly fourEyes: boolean;
  readonly expiresMs: number | null;
  readonly onExpiry: 'abort' | 'advance';
}

/** What a candidate has to pass before people meet it. */
export type Test =
  | { readonly kind: 'command'; readonly name: string; readonly command: string; readonly timeoutMs: number }
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly method: string;
      readonly path: string;
      readonly status: readonly (readonly [number, number])[];
      readonly contains: string | null;
      readonly timeoutMs: number;
    };
