/** The part of the API that tells what traffic was like; see ../contract.ts. */
import type { Colour } from '../../release/state.ts';

/** What an environment answered people between two looks at its router's counts. Not among them: previews and copies. */
export interface TrafficPoint {
  /** When it was over. */
  readonly at: number;
  readonly seconds: number;
  readonly colour: Colour;
  readonly version: string;
  readonly requests: number;
  /** Answers of 500 and above, and requests that the app never answered. */
  readonly errors: number;
  /** Of those that went to a release's candidate: requests. */
  readonly candidate: number;
  /** Seconds to the first byte, from a histogram; null: nothing was answered. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface TrafficView {
  readonly app: string;
  readonly at: number;
  /** Oldest first; for as long as they are kept. */
  readonly points: readonly TrafficPoint[];
}
