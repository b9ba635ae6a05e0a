/** A run as text: pure. */
import { median } from '../lib/estimate.ts';
import type { Measured, Result } from './verdict.ts';

const wide = (text: string): string => text.padEnd(24);
const narrow = (text: string | number): string => String(text).padStart(22);

/** So many are shown of what is much the same. */
const most = 20;

export function reportOf(result: Result, measured: Measured): string {
  const { control, worker, instance, ends } = result;
  const { sent, answered, failed, streams, books, starts } = measured;
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    `${wide('kill -9 of')}${['kills', 'requests failed', 'were under way', 'streams broken'].map(narrow).join('')}`,
    ...(
      [
        ['control plane', control],
        ['router worker', worker],
        ['instance', instance],
      ] as const
    ).map(
      ([name, cost]) =>
        `${wide(name)}${[cost.kills, cost.failed, cost.allowed, cost.streams].map(narrow).join('')}`,
    ),
    '',
    `${sent} requests sent, ${answered} answered, ${failed.length} failed; may be sent again and failed with an instance: ${instance.repeatable}; explained by no kill: ${result.unattributed.length}`,
    `${streams.opened} WebSockets and event streams: ${streams.whole} whole, ${streams.closed} closed with their version, ${measured.broken.length} broken`,
    `${measured.told.length} releases: ${counts(ends)}; stuck ${measured.stuck.length}; refused ${counts(measured.refused) || 'none'}`,
    `${books.events} events of ${books.releases} releases, replayed: ${books.wrong.length === 0 ? 'nothing is lost' : books.wrong.join('; ')}`,
    `control plane: ${control.atTransitions} of ${control.kills} killed at an append; back in ${starts.length === 0 ? '–' : `${Math.round(median(starts))} ms (median)`}`,
    `  ${counts(measured.transitions)}`,
    `workers found with another table: ${measured.strayed}`,
    '',
    ...(result.short.length === 0
      ? ['chaos: all is well']
      : result.short.map((words) => `SHORT OF A GOAL: ${words}`)),
    ...result.unattributed.slice(0, most).map((words) => `  ${words}`),
  ].join('\n');
}
