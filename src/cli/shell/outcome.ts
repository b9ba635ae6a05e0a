import type { EventView, ReleaseView } from '../../control/contract.ts';

/** Where a release should get to: `forward` live, `back` everyone on the version that was live before it. */
export type Direction = 'forward' | 'back';

/** What a command wants of it. `given-up`: it shall not go on, wherever it leads. */
export type Goal = Direction | 'given-up';

/** A rollback to a version whose environment is gone is a release of its own, which goes forward. */
export function directionOf(goal: Goal, kind: ReleaseView['kind']): Direction {
  if (goal === 'given-up') return 'back';
  return kind === 'rollback' ? 'forward' : goal;
}

/** @param events newest first @returns where a release that is over has got to; null when they do not go back that far */
export function outcomeOf(events: readonly EventView[], id: string): Direction | null {
  const isBegin = ({ type }: EventView): boolean => type === 'release-started';
  const began = events.findIndex(
    (event) => isBegin(event) && (event.data as { release?: string }).release === id,
  );
  if (began === -1) return null;
  const next = events.slice(0, began).findLastIndex(isBegin);
  const own = events.slice(next + 1, began);
  const went = (type: string): boolean => own.some((event) => event.type === type);
  if (went('abort-started') || went('rollback-started')) return 'back';
  return went('switched') ? 'forward' : null;
}
