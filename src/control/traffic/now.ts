import type { TrafficPoint } from './contract.ts';

/** How long back "now" is: a few looks, so that one quiet second does not make it jump. */
const nowMs = 15_000;
/** As many columns as a small curve has room for. */
const columns = 30;

/** What an app's traffic is like now, and has been. */
export interface Pulse {
  /** Requests a second; null: nobody has looked twice yet. */
  readonly rate: number | null;
  /** Of them, those that failed: 0 to 1; null: there were none. */
  readonly errors: number | null;
  /** Seconds to the first byte of 95 of 100 answers, of the environment that had most of them. */
  readonly p95: number | null;
  /** Requests a second, and the part of them that failed, oldest first. */
  readonly curve: readonly { readonly rate: number; readonly errors: number }[];
}

/** @param now milliseconds since the epoch, as of the points */
export function pulse(points: readonly TrafficPoint[], now: number): Pulse {
  const recent = points.filter(({ at }) => now - at < nowMs);
  const { rate, errors } = sums(recent);
  const most = recent.toSorted((one, two) => two.requests - one.requests)[0];
  return { rate, errors, p95: most?.p95 ?? null, curve: curve(points) };
}

function curve(points: readonly TrafficPoint[]): Pulse['curve'] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first.at === last.at) return [];
  const width = (last.at - first.at) / columns;
  const groups = Map.groupBy(points, ({ at }) => Math.min(columns - 1, Math.floor((at - first.at) / width)));
  return [...groups]
    .toSorted(([one], [two]) => one - two)
    .map(([, group]) => {
      const { rate, errors } = sums(group);
      return { rate: rate ?? 0, errors: errors ?? 0 };
    });
}

function sums(points: readonly TrafficPoint[]): Pick<Pulse, 'rate' | 'errors'> {
  const requests = points.reduce((all, each) => all + each.requests, 0);
  const failed = points.reduce((all, each) => all + each.errors, 0);
  // Both environments are looked at at once: time counts once.
  const seconds = [...Map.groupBy(points, ({ at }) => at).values()].reduce(
    (all, [each]) => all + (each?.seconds ?? 0),
    0,
  );
  return {
    rate: seconds === 0 ? null : rounded(requests / seconds),
    errors: requests === 0 ? null : rounded(failed / requests),
  };
}

/** As exact as it is shown: it goes to pages every few seconds. */
const rounded = (value: number): number => Number(value.toPrecision(3));
