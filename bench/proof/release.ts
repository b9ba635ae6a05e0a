import type { AppStatus, EventView } from '../../src/control/contract.ts';
import { app } from '../lib/installation.ts';
import type { Counts } from './crowd.ts';
import type { Site } from './installation.ts';

/** A release from its deploy to its end. */
export interface Played {
  /** `live`, `rolled back`, `asked` for a sign-off, `aborted` by something else than the judge, or `open` when the time was over. */
  readonly end: 'live' | 'rolled back' | 'asked' | 'aborted' | 'open';
  /** From the first people on it to the end of it that counts: everyone is on it, or the decision to go back. */
  readonly exposedAt: number | null;
  readonly decidedAt: number | null;
  readonly why: string;
  readonly counts: Counts;
  readonly seconds: number;
}

const endMs = 60_000;

/** @param withinMs the most that it may take until it is live, or on its way back */
export async function play(
  site: Site,
  { version, kind, withinMs }: { readonly version: string; readonly kind: string; readonly withinMs: number },
): Promise<Played> {
  const [last] = await site.client.events({ app, limit: 1 });
  await site.crowd.reset();
  const startedAt = performance.now();
  await site.deploy(version, kind);
  const reached = await site.until(
    ({ release }) =>
      release?.ended === true || release?.status === 'aborting' || release?.step?.asks === true,
    withinMs,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  if (reached === null || reached.release?.step?.asks === true)
    await site.client.command(app, 'abort', {}).catch(() => site.client.command(app, 'rollback', {}));
  const ended = await site.until(isOver, endMs);
  if (ended === null)
    throw new Error(`release of ${version} does not end: ${JSON.stringify(reached?.release)}`);
  const events = await site.events(last?.seq ?? 0);
  const counts = await site.crowd.counts();
  return { ...endOf(reached, ended, events), counts, seconds };
}

/** Ended, and the idle environment is empty. */
const isOver = ({ release, environments }: AppStatus): boolean =>
  release?.ended === true && (environments.blue === null || environments.green === null);

function endOf(
  reached: AppStatus | null,
  ended: AppStatus,
  events: readonly EventView[],
): Pick<Played, 'end' | 'exposedAt' | 'decidedAt' | 'why'> {
  const back = events.find(({ type }) => type === 'abort-started' || type === 'rollback-started');
  const exposedAt = events.find(({ type }) => type === 'exposed')?.at ?? null;
  const at = { exposedAt, decidedAt: back?.at ?? null };
  if (reached === null) return { ...at, end: 'open', why: 'no decision in time' };
  if (reached.release?.step?.asks === true)
    return { ...at, end: 'asked', why: `at ${reached.release.step.name}` };
  if (back === undefined)
    return { ...at, end: ended.release?.status === 'completed' ? 'live' : 'aborted', why: '' };
  // Whatever else ends a release is no finding of the judge.
  return { ...at, end: isVerdict(back.data) ? 'rolled back' : 'aborted', why: back.says };
}

const isVerdict = (data: unknown): boolean =>
  (data as { readonly error?: { readonly code?: unknown } | null }).error?.code === 'verdict-fail';
