import type { TrafficPoint } from '../traffic/contract.ts';
import { between, reading, type Reading } from '../traffic/points.ts';
import type { Work } from './work.ts';

/** Long enough for some hundred answers of a small app, short enough to pause while what hurts still hurts. */
const windowMs = 10_000;

/**
 * Why a backfill has to pause for the people who use the app just now: its own answers are worse than teal.yaml allows. What is not known
 * never pauses. Null: teal.yaml asks for nothing.
 */
export function throttleOf({
  deps,
  app,
  effect,
}: Pick<Work, 'deps' | 'app' | 'effect'>): ((signal: AbortSignal) => Promise<string | null>) | null {
  const { errorPercent, p99Ms } = effect.policy.pauseAt;
  if (errorPercent === null && p99Ms === null) return null;
  const seen = new Map<string, Reading[]>();
  return async () => {
    const status = await deps.router.status({ apps: [app] }).catch(() => null);
    if (status === null) return null;
    const now = deps.now();
    const points = status.environments.flatMap((counts): readonly TrafficPoint[] => {
      if (counts.app !== app) return [];
      const key = `${counts.colour}/${counts.version}`;
      const latest = reading(counts, now);
      const known = (seen.get(key) ?? []).filter(({ at }) => now - at <= windowMs);
      seen.set(key, [...known, latest]);
      const point = known[0] === undefined ? null : between(known[0], latest, counts.colour);
      return point === null ? [] : [point];
    });
    return tooBad(points, effect.policy.pauseAt);
  };
}

/** Of all people, whichever environment answered them; of the time, where it took longest. */
function tooBad(
  points: readonly TrafficPoint[],
  { errorPercent, p99Ms }: Work['effect']['policy']['pauseAt'],
): string | null {
  const sum = (of: (point: TrafficPoint) => number): number =>
    points.reduce((all, each) => all + of(each), 0);
  const requests = sum((point) => point.requests);
  const errors = requests === 0 ? 0 : (100 * sum((point) => point.errors)) / requests;
  if (errorPercent !== null && errors > errorPercent)
    return `${errors.toFixed(1)} % of the app's answers fail (at most ${errorPercent} %)`;
  const slowest = Math.max(0, ...points.map(({ p99 }) => p99 ?? 0));
  if (p99Ms !== null && slowest * 1000 > p99Ms)
    return `one of 100 of the app's answers takes ${Math.round(slowest * 1000)} ms or longer (at most ${p99Ms} ms)`;
  return null;
}
