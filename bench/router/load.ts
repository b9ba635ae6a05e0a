import type { Scenario } from './scenarios.ts';

/** What is asked, and for how long. */
export interface Load {
  readonly scenario: Scenario;
  readonly ms: number;
  /** A file with the Cookie header of each person who asks, one a line; none when left out. */
  readonly people?: string | null;
}

/** What came of it. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Connections that failed or broke, answers of 400 and above, and timeouts. */
  readonly errors: number;
  /** Milliseconds from the request to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
}
