import type { Path, Problem } from './problem.ts';

/** Something that no single value shows, not yet placed in the file. */
export interface Finding extends Pick<Problem, 'severity' | 'expected' | 'got' | 'remedy'> {
  readonly path: Path;
  /** Point at the key instead of the value. */
  readonly of?: 'key';
  /** Where else to look; named in the remedy. */
  readonly others: readonly Path[];
  /** What else it rests on: when that is wrong itself, nothing is told. */
  readonly rests?: readonly Path[];
}
