/** The part of the API that tells what releases were judged by; see ../contract.ts. */
import type { People, Rule } from '../../judge/facts.ts';
import type { Colour } from '../../release/state.ts';
import type { Verdict } from '../../release/verdict.ts';

/** What a release was judged by, and how it came to that. */
export interface EvidenceView extends StandingView {
  /** Ticks after which something changed, oldest first. */
  readonly course: readonly CourseView[];
}

/** What a release was judged by, as of the last tick. */
export interface StandingView {
  readonly app: string;
  readonly release: string;
  /** Of the last tick. */
  readonly at: number;
  readonly candidate: Colour;
  readonly verdict: Verdict;
  /** Those of the verdict; `says`: what people did who had it. */
  readonly metrics: readonly (Verdict['metrics'][number] & { readonly says: string })[];
  /** Beside statistics, as of the last tick. */
  readonly rules: readonly Rule[];
  /** It rolls back at evidence of 1/alpha, lets a step pass at 1/beta of every guarded metric, and holds at `freeze`. */
  readonly promise: { readonly alpha: number; readonly beta: number; readonly freeze: number };
  /** Absolute ones, by metric: people per active minute. */
  readonly limits: Readonly<Record<string, number>>;
  /** In which somebody was active who had not failed yet. */
  readonly personMinutes: People;
  /** By side, over all ticks. `anonymous`: requests of clients without identity, which are not compared. `sampled`: the least part of the people that was counted. */
  readonly counted: {
    readonly requests: People;
    readonly failed: People;
    readonly anonymous: People;
    readonly lost: number;
    readonly sampled: number;
  };
}

export interface CourseView {
  readonly seq: number;
  readonly at: number;
  /** Since the first tick. */
  readonly seconds: number;
  readonly stage: string;
  readonly action: Verdict['action'];
  readonly log: number;
  readonly sentence: string;
  /** Its counts were lost. */
  readonly lost: boolean;
}
