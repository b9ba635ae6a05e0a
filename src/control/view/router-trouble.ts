import type { RouterStatus } from '../../router/router.ts';

/** Long enough to be seen the next morning; a crash of last month is no trouble. */
const recentMs = 24 * 60 * 60 * 1000;
/** A router that the control plane started with itself began within this. */
const startMs = 60_000;

/**
 * What the router went through that nobody was told of, or null.
 * @param when `since`: when the control plane started, in milliseconds since the epoch like `now`
 */
export function routerTrouble(
  router: Pick<RouterStatus, 'workersReplaced' | 'heard' | 'tablesRepaired' | 'accessLog' | 'startedAt'>,
  when: { readonly now: number; readonly since: number },
): string | null {
  const { workersReplaced, tablesRepaired, accessLog, startedAt } = router;
  const recent = (at: number): boolean => when.now - at < recentMs;
  const { count, last } = workersReplaced;
  const parts: string[] = [];
  if (startedAt > when.since + startMs && recent(startedAt))
    parts.push(`the router itself ended, and was started again at ${iso(startedAt)}`);
  if (last !== null && recent(last.at))
    parts.push(`${counted(count, 'worker')} replaced, the last at ${iso(last.at)} (${last.how})`);
  const { last: repaired } = tablesRepaired;
  if (repaired !== null && recent(repaired.at)) {
    const { had, generation, at } = repaired;
    const times = counted(tablesRepaired.count, 'time');
    parts.push(
      `a worker had another table than the router and was given it, ${times}, the last at ${iso(at)} (${had}, not ${generation})`,
    );
  }
  const { expiry } = router.heard;
  if (expiry !== null && recent(expiry.until ?? when.now)) parts.push(expired(expiry));
  if (accessLog !== null && accessLog.linesDropped > 0)
    parts.push(`${counted(accessLog.linesDropped, 'line')} of the access log dropped: ${accessLog.file}`);
  return parts.length === 0 ? null : parts.join('; ');
}

function expired({ from, until }: NonNullable<RouterStatus['heard']['expiry']>): string {
  const how = 'everyone went to live, since nothing was heard from the control plane';
  return until === null ? `${how}: since ${iso(from)}` : `${how}: from ${iso(from)} to ${iso(until)}`;
}

const iso = (at: number): string => new Date(at).toISOString();

const counted = (number: number, of: string): string => `${number} ${of}${number === 1 ? '' : 's'}`;
