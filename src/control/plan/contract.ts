import type { Exposure } from '../../audience/table.ts';
import type { Phase } from '../../config/database.ts';
import type { ErrorJson } from '../../errors.ts';
import type { Colour, Migration, Step } from '../../release/state.ts';

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
  /** Null: teal.yaml says nothing of a database. */
  readonly database: PlanDatabase | null;
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

/** What a deploy would do to the database, by what lies in the version: no server is asked. */
export interface PlanDatabase {
  /** Of its folder, or the version where commands do all the work; null: nothing is to be done. */
  readonly migration: string | null;
  /** Where it lies, from the folder of the version; null: nowhere. */
  readonly folder: string | null;
  readonly phases: readonly PlannedPhase[];
  /** Another one that is neither contracted nor undone; null: there is none. */
  readonly open: {
    readonly migration: string;
    readonly version: string;
    readonly stage: Migration['stage'];
  } | null;
  /** `unsafe`: the judge freezes the release where it would take it back. */
  readonly rollback: 'safe' | 'unsafe';
  /** Null: there is no SQL to look at. */
  readonly lint: PlanLint | null;
  /** What else one should know, a sentence each. */
  readonly notes: readonly string[];
}

interface PlannedPhase {
  readonly phase: Phase;
  /** What has to be the case, in a few words. */
  readonly when: string;
  /** Nobody has to ask for it. */
  readonly byItself: boolean;
}

/** What the rules of `teal db lint` say of it. They refuse nothing: what versions really send is for the proof. */
export interface PlanLint {
  /** Errors first; places are from the folder of the version. */
  readonly findings: readonly {
    /** `error`: breaks the live version or blocks it · `warning`: may. */
    readonly level: 'error' | 'warning';
    readonly rule: string;
    readonly file: string;
    readonly line: number;
    readonly what: string;
  }[];
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
