/** A run as text: pure. */
import type { Slope } from '../lib/estimate.ts';
import type { Tally } from './protocol.ts';
import type { Held, Measured, Memory, Result } from './verdict.ts';
import { goals } from './verdict.ts';

const wide = (text: string): string => text.padEnd(34);
const narrow = (text: string | number): string => String(text).padStart(11);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

export function reportOf(result: Result, measured: Measured): string {
  const { releases } = measured;
  return [
    `${wide('')}${['sent', 'answered', 'failed', 'stale'].map(narrow).join('')}`,
    ...Object.entries(measured.tallies).map(([name, tally]) => tallyLine(name, tally)),
    tallyLine('all', result.total),
    '',
    `${releases.releases} releases: ${releases.switches} switches, ${releases.rollbacks} of them back; ${releases.drains} drains, ` +
      `${releases.givenUp} given up for a rollback, ${releases.cut} requests cut; ${measured.replaced} workers died`,
    '',
    `${wide('RSS MB (live MB), quiet')}${(result.memory[0]?.quiet ?? []).map((_, index) => narrow(`part ${index + 1}`).padStart(16)).join('')}   growth in 10 min under load [95 %]`,
    ...result.memory.map(memoryLine),
    measured.full
      ? `${''.padEnd(4)}goal: RSS ≤ ${percent(goals.growth)} in 10 minutes (Theil–Sen over all looks under load after the first part)`
      : `${''.padEnd(4)}NOT JUDGED: growth in 10 minutes, which takes 9 minutes to tell; judged: live memory ≤ ${percent(goals.quickGrowth)} from first part to last`,
    '',
    `${wide('all workers, at the end of a part')}${['handles', 'clients', 'upstreams'].map(narrow).join('')}`,
    ...result.held.map((held) => heldLine('requests under way', held)),
    ...result.quiet.map((held) => heldLine('quiet', held)),
    '',
    ...(result.short.length === 0
      ? ['soak: all is well']
      : result.short.map((words) => `SHORT OF A GOAL: ${words}`)),
    ...result.total.problems.map((problem) => `  ${problem}`),
  ].join('\n');
}

function tallyLine(name: string, { sent, answered, failed, stale }: Tally): string {
  return `${wide(name)}${[sent, answered, failed, stale].map(narrow).join('')}`;
}

function memoryLine({ role, pid, quiet, growth, liveGrowth }: Memory): string {
  const at = quiet.map(({ rss, live }) => `${megabytes(rss)} (${megabytes(live)})`.padStart(16)).join('');
  const live = liveGrowth === null ? '' : `; live ${(liveGrowth.slope / 1e3).toFixed(0)} kB`;
  return `${wide(`${role} ${pid}`)}${at}   ${slopeOf(growth)}${live}`;
}

function slopeOf(growth: Slope | null): string {
  if (growth === null) return '–';
  return `RSS ${percent(growth.slope)} [${percent(growth.low)} … ${percent(growth.high)}]`;
}

function heldLine(when: string, { part, handles, clients, upstreams }: Held): string {
  return `${wide(`part ${part}, ${when}`)}${[handles, clients, upstreams].map(narrow).join('')}`;
}
