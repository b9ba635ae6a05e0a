import { TealError } from '../../errors.ts';
import type { AppState } from '../../release/state.ts';

/** What an app has come to, in a word: it differs when a command would be about something else. What is only counted is not in it. */
export function stampOf({ release, live, frozen, migration }: AppState): string {
  const parts = release === null ? ['none'] : [release.id, release.status, release.cursor];
  const held = [release?.pausedAt == null ? [] : ['paused'], frozen === null ? [] : ['frozen']];
  // Before the candidate the release has the word; what is done to the database then changes nothing of what can be asked.
  const database =
    migration === null || migration.stage === 'expanding' || migration.stage === 'backfilling'
      ? []
      : [migration.name, migration.stage, ...(migration.failed === null ? [] : ['failed'])];
  return [...parts, live ?? 'nothing', ...held.flat(), ...database].join(':');
}

/** Refuses what was decided by a look at something that is no longer so. Going back is never refused. @throws TealError `moved-on` */
export function refuseStale(
  state: AppState,
  { type }: { readonly type: string },
  seen: string | undefined,
): void {
  const now = stampOf(state);
  if (seen === undefined || type === 'rollback' || seen === now) return;
  throw new TealError('moved-on', `${state.app} has gone on since it was looked at: nothing was done.`, {
    remedy: 'look at it again, then decide again',
    details: { seen, now },
  });
}
