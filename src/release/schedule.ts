import type { Windows } from '../config/release.ts';
import type { Exposure } from '../audience/table.ts';
import type { Size, Step } from './state.ts';
import { exposedAfter, sizeFor } from './steps.ts';
import { opensAt } from './windows.ts';

/** One step of a release that has not begun. Times are milliseconds since the epoch; null: no window opens within a year. */
export interface Scheduled {
  readonly step: Step;
  /** At the earliest: people approve at once, and tests and the growing of instances take no time. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  /** Who is sent to the candidate while it lasts. */
  readonly exposed: readonly Exposure[];
  readonly size: Size;
}

/** When each step of a release would come that is deployed now, by the same rules of windows that let it advance. */
export function schedule(all: readonly Step[], windows: Windows, now: number): readonly Scheduled[] {
  let at = opensAt(windows, now);
  let exposed: readonly Exposure[] = [];
  return all.map((step, cursor) => {
    const startsAt = at;
    at = at === null ? null : endOf(step, windows, at);
    if (step.kind === 'expose') exposed = exposedAfter(exposed, step);
    const size = step.kind === 'promote' ? 'full' : sizeFor({ steps: all, cursor });
    return { step, startsAt, endsAt: at, exposed, size };
  });
}

/** What waits for the clock, and the switch, wait for a window too; a test that has passed does not. */
function endOf(step: Step, windows: Windows, at: number): number | null {
  switch (step.kind) {
    case 'wait':
      return opensAt(windows, at + step.ms);
    case 'expose':
    case 'mirror':
      return opensAt(windows, at + step.forMs);
    case 'promote':
      return opensAt(windows, at);
    default:
      return at;
  }
}
