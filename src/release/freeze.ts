import type { AppState } from './state.ts';

/** Whether a freeze holds the release: never one that goes back (invariant 3), whichever of the two came first. */
export const freezeHolds = ({ frozen, release }: Pick<AppState, 'frozen' | 'release'>): boolean =>
  frozen !== null && release?.kind !== 'rollback';
