/** From what was counted and seen to what the run is short of: pure. */
import { median, theilSen, type Slope } from '../lib/estimate.ts';
import { sum, nothing, type Tally } from './protocol.ts';
import type { ReleaseTally } from './releases.ts';
import type { Look, Moment } from './watch.ts';

export const goals = {
  /** Of resident memory after garbage collection, in 10 minutes. */
  growth: 0.02,
  /** Of handles and of connections to the app, from one look to the others. */
  steadiness: 0.01,
  /**
   * Of the live memory of a short run, which warms up all the while, from the first part to the last: about 1 MB, which
   * is 100 bytes for each request of a worker.
   */
  quickGrowth: 0.05,
} as const;

const tenMinutes = 600_000;

export interface Measured {
  /** Growth is judged. */
  readonly full: boolean;
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly releases: ReleaseTally;
  readonly looks: readonly Look[];
  readonly replaced: number;
}

/** One process over the run. Bytes. */
export interface Memory {
  readonly pid: number;
  readonly role: Look['role'];
  /** Under load, after the first part: of the resident set in 10 minutes, as a share of its median. */
  readonly growth: Slope | null;
  /** Of live memory: in bytes in 10 minutes. */
  readonly liveGrowth: Slope | null;
  /** In quiet at the end of each part: medians. `live`: what garbage collections leave, in the heap and outside it. */
  readonly quiet: readonly { readonly rss: number; readonly live: number }[];
}

/** What all workers together held at the end of a part. */
export interface Held {
  readonly part: number;
  readonly handles: number;
  readonly clients: number;
  readonly upstreams: number;
}

export interface Result {
  readonly total: Tally;
  readonly memory: readonly Memory[];
  /** With a known number of requests under way. */
  readonly held: readonly Held[];
  /** With none. */
  readonly quiet: readonly Held[];
  /** In words; none: all goals are met. */
  readonly short: readonly string[];
}

export function resultOf(measured: Measured): Result {
  const { looks } = measured;
  const result = {
    total: Object.values(measured.tallies).reduce(sum, nothing),
    memory: memoryOf(looks),
    held: heldOf(looks, 'held'),
    quiet: heldOf(looks, 'quiet'),
  };
  return { ...result, short: shortOf(result, measured) };
}

function memoryOf(looks: readonly Look[]): readonly Memory[] {
  const byProcess = [...Map.groupBy(looks, ({ pid }) => pid)];
  return byProcess.map(([pid, own]) => {
    // The first part warms up.
    const underLoad = own.filter(({ moment, part }) => moment === 'load' && part > 1);
    const parts = [...new Set(own.map(({ part }) => part))];
    const level = underLoad.length === 0 ? Number.NaN : median(underLoad.map(({ rss }) => rss));
    const rss = theilSen(underLoad.map((look) => ({ at: look.at, value: look.rss })));
    const live = theilSen(underLoad.map((look) => ({ at: look.at, value: liveOf(look) })));
    return {
      pid,
      role: own[0]?.role ?? 'worker',
      growth: scaled(rss, tenMinutes / level),
      liveGrowth: scaled(live, tenMinutes),
      quiet: parts.flatMap((part) => {
        const quiet = own.filter((look) => look.part === part && look.moment === 'quiet');
        if (quiet.length === 0) return [];
        return [{ rss: median(quiet.map((look) => look.rss)), live: median(quiet.map(liveOf)) }];
      }),
    };
  });
}

const liveOf = ({ heapUsed, external }: Look): number => heapUsed + external;

function scaled(slope: Slope | null, by: number): Slope | null {
  return slope === null ? null : { slope: slope.slope * by, low: slope.low * by, high: slope.high * by };
}

/** The sums over the workers: which of them a connection comes to is chance. */
function heldOf(looks: readonly Look[], moment: Moment): readonly Held[] {
  const workers = looks.filter((look) => look.moment === moment && look.role === 'worker');
  const byPart = [...Map.groupBy(workers, ({ part }) => part)];
  return byPart.map(([part, all]) => {
    // Several looks in a row: the last of each worker.
    const last = [...new Map(all.map((look) => [look.pid, look])).values()];
    const total = (of: (look: Look) => number): number => last.reduce((so, look) => so + of(look), 0);
    return {
      part,
      handles: total((look) => look.handles),
      clients: total((look) => look.clients),
      upstreams: total((look) => look.upstreams),
    };
  });
}

function shortOf(result: Omit<Result, 'short'>, measured: Measured): readonly string[] {
  const { total } = result;
  const { cut, leftOpen } = measured.releases;
  const checks: readonly (readonly [boolean, string])[] = [
    [total.sent > 0 && total.sent === total.answered, `sent ${total.sent}, answered ${total.answered}`],
    [total.failed === 0, `${total.failed} failed`],
    [total.stale === 0, `${total.stale} were answered by a version that was no longer live`],
    [cut === 0, `drains have cut ${cut}`],
    [leftOpen === 0, `${leftOpen} connections to instances that had been drained`],
    [measured.replaced === 0, `${measured.replaced} workers died`],
    [measured.releases.switches > 0 && measured.releases.drains > 0, 'no switch, or no drain'],
  ];
  return [
    ...checks.filter(([holds]) => !holds).map(([, words]) => words),
    ...(measured.full ? result.memory.flatMap(grown) : result.memory.flatMap(grownQuickly)),
    ...unsteady(result.held, 'with requests under way'),
    ...unsteady(result.quiet, 'in quiet'),
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function grown({ role, pid, growth }: Memory): readonly string[] {
  if (growth === null) return [`too few looks at ${role} ${pid} to tell its growth`];
  if (growth.slope <= goals.growth) return [];
  return [`${role} ${pid} grows by ${percent(growth.slope)} in 10 minutes, not ${percent(goals.growth)}`];
}

function grownQuickly({ role, pid, quiet }: Memory): readonly string[] {
  const [first, last] = [quiet[0], quiet.at(-1)];
  if (first === undefined || last === undefined) return [`no look at ${role} ${pid} in quiet`];
  const growth = last.live / first.live - 1;
  if (growth <= goals.quickGrowth) return [];
  return [`${role} ${pid}: live memory has grown by ${percent(growth)}, not ${percent(goals.quickGrowth)}`];
}

function unsteady(held: readonly Held[], when: string): readonly string[] {
  const first = held[0];
  if (first === undefined || held.length < 2) return [`too few looks ${when}`];
  return (['handles', 'upstreams'] as const).flatMap((what) => {
    const worst = Math.max(...held.map((each) => Math.abs(each[what] - first[what])));
    const told = held.map((each) => each[what]).join(', ');
    return worst <= goals.steadiness * first[what] ? [] : [`${what} ${when} are not the same: ${told}`];
  });
}
