import type { Patch } from './patch.ts';

/** The mechanism of a scenario, disabled by one change to one source file. */
export interface Mutation extends Patch {
  readonly id: string;
  /** What was disabled. */
  readonly says: string;
  /** How the scenario has to fail: by what was disabled, and not because nothing works any more. */
  readonly fails: RegExp;
}
