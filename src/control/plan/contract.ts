import type { Exposure } from '../../audience/table.ts';
import type { ErrorJson } from '../../errors.ts';
import type { Colour, Step } from '../../release/state.ts';

export interface PlanBody {
  readonly version: string;
  /** As of `deploy`. */
  readonly promote?: 'auto' | 'manual';
  /** Absolute path of an access log on the control plane's machine: combined format or JSON lines, also packed with gzip. */
  readonly log?: string;
}

/** Of a group: one version for all of its apps, or each its own. */
export interface GroupPlanBody extends Omit<PlanBody, 'version'> {
  readonly version?: string;
  readonly versions?: Readonly<Record<string, string>>;
}

/** What `deploy` would do now. Times are at the earliest: people approve at once, and tests take no time. */
export interface PlanResult {
  readonly app: string;
  readonly version: string;
  /** What is live now. */
  readonly from: string | null;
  /** Where the candidate would be. */
  readonly colour: Colour;
  /** What `deploy` would be refused with; empty when it would not be. */
  readonly refused: readonly ErrorJson[];
  /** What else one should know, a sentence each. */
  readonly notes: readonly string[];
  readonly steps: readonly PlannedStep[];
  /** Null: no window opens within a year. */
  readonly liveAt: number | null;
  /** How long the tests may take beyond that. */
  readonly testsMs: number;
  /** How many people have to say a word on the way. */
  readonly approvals: number;
  readonly rollbackWindowMs: number;
  /** Null without a log. */
  readonly traffic: PlanTraffic | null;
  /** Steps, as in teal.yaml, that gather evidence in their time; null when these do, or without a log. */
  readonly proposal: readonly string[] | null;
}

export interface PlannedStep {
  readonly name: string;
  readonly kind: Step['kind'];
  /** Null: never, since no window opens. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** Of an approval: who may, null for anyone, and when it is too late. */
  readonly approval: {
    readonly by: readonly string[] | null;
    readonly fourEyes: boolean;
    readonly expiresAt: number | null;
    readonly onExpiry: 'abort' | 'advance';
  } | null;
  /** Who is sent to the candidate while it lasts; empty: nobody. */
  readonly exposed: readonly Exposure[];
  /** Whom the step itself names, and their rules in words. */
  readonly who: readonly string[];
  /** Web instances of the candidate, by role. */
  readonly instances: Readonly<Record<string, number>>;
  /** Of a `mirror` step: which requests are copied, and with a log how many at most. */
  readonly mirror: {
    readonly methods: readonly string[];
    readonly maxBodyBytes: number;
    readonly copies: number | null;
  } | null;
  /** Of an `expose` step, with a log. */
  readonly estimate: PlanEstimate | null;
}

/** For people who behave as those of the log did. */
export interface PlanEstimate {
  /** Distinct people at the candidate while the step lasts, and their requests. */
  readonly people: number;
  readonly requests: number;
  /** How long the judge would need to call it safe; null: never, since too few are there, on either side. */
  readonly neededMs: number | null;
  /** `whole-audience`: nobody alike is left on live to compare with. */
  readonly evidence: 'enough' | 'too-little' | 'whole-audience';
}

/** What the access log says. */
export interface PlanTraffic {
  readonly log: string;
  readonly requests: number;
  /** Answers of 500 and above. */
  readonly errors: number;
  /** Told apart by address, or by who signed in where the log has it. */
  readonly people: number;
  /** That is an estimate from a part of them: there were too many to remember. */
  readonly sampled: boolean;
  readonly from: number;
  readonly to: number;
  /** Lines in no known format, and those of other apps. */
  readonly unreadable: number;
  readonly other: number;
}
