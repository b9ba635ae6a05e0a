/** Where the time of a move goes, by what the event log says: pure. */
import type { EventView } from '../../src/control/contract.ts';
import type { Move } from './analysis.ts';

/** Milliseconds from the command to each of these, to a millisecond or so (events are dated in whole ones). */
export interface Stages {
  /** Decided, and about to be stored. */
  readonly accepted: number;
  /** The new live environment is decided: its table can be sent to the routers. */
  readonly routed: number;
  /** Every router has acknowledged it. */
  readonly acknowledged: number;
}

const names = {
  switch: { accepted: 'step-passed', routed: 'switch-started', acknowledged: 'switched' },
  rollback: { accepted: 'rollback-started', routed: 'rollback-started', acknowledged: 'switched' },
} as const;

/** @param events in any order; null when the log does not tell */
export function stagesOf(move: Move, events: readonly EventView[]): Stages | null {
  const from = Math.floor(move.at);
  const after = (type: string): number =>
    Math.min(
      ...events.filter((event) => event.type === type && event.at >= from).map(({ at }) => at - move.at),
    );
  const wanted = names[move.kind];
  const stages = {
    accepted: after(wanted.accepted),
    routed: after(wanted.routed),
    acknowledged: after(wanted.acknowledged),
  };
  return Object.values(stages).every(Number.isFinite) ? stages : null;
}
