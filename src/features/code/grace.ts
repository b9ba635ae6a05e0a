import type { FlagState } from '../flag-state.ts';
import type { Reference } from './references.ts';

/** A flag whose release has ended, and the code that still asks for it. */
export interface Debt {
  readonly state: FlagState;
  readonly references: readonly Reference[];
  /** When its code had to be gone, in milliseconds since the epoch. */
  readonly dueAt: number;
  readonly overdue: boolean;
}

/** Whether the flag's value is final: its release has ended, one way or the other. */
export function isFinished({ stage }: Pick<FlagState, 'stage'>): boolean {
  return stage === 'live-for-all' || stage === 'to-remove' || stage === 'rolled-back' || stage === 'removed';
}

/** What is left to clean up, the oldest first. Comments and other text are no reason to stop anybody. */
export function debts(
  states: readonly FlagState[],
  references: ReadonlyMap<string, readonly Reference[]>,
  now: number,
): readonly Debt[] {
  return states
    .filter(isFinished)
    .map((state) => {
      const dueAt = state.since + state.graceMs;
      const found = (references.get(state.flag) ?? []).filter(({ kind }) => kind !== 'text');
      return { state, references: found, dueAt, overdue: now > dueAt };
    })
    .filter((debt) => debt.references.length > 0)
    .toSorted((a, b) => a.dueAt - b.dueAt || (a.state.flag < b.state.flag ? -1 : 1));
}
