import type { MigrationProgress } from '../migrate/contract.ts';

/** What a phase is doing, in one line: `expand 2/3: CREATE INDEX …`, `backfill 41 %, 3 min left; paused: p99 is 900 ms`. */
export function sayProgress(progress: MigrationProgress): string {
  const { phase, step, of, what, state, why } = progress;
  const head = step === 0 ? phase : `${phase} ${step}/${of}`;
  const part = partOf(progress);
  const far = part === null ? '' : ` ${Math.floor(part * 100)} %`;
  const left = progress.etaMs === null || state !== 'running' ? '' : `, ${inWords(progress.etaMs)} left`;
  const held =
    state === 'running' || why === null ? '' : `; ${state === 'paused' ? 'paused' : 'waits'}: ${why}`;
  return `${head}${far}${left}${what === '' ? '' : `: ${what}`}${held}`;
}

/** How much of a backfill is done, 0 to 1; null: that is not counted. */
export const partOf = ({ seen, total }: MigrationProgress): number | null =>
  seen === null || total === null || total <= 0 ? null : Math.min(1, Math.max(0, seen / total));

/** One unit is all that a guess is worth. */
function inWords(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
