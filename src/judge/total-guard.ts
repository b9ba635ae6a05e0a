/**
 * All traffic, both sides together, against a level that is fixed beforehand. It sees what no comparison can: a candidate that breaks what
 * both share. It cannot tell who did it, so what it says is marked "cause not proven".
 *
 * GUARANTEE  The one-sample case of rate-ratio.ts (margin 0): as long as the rate stays at or below the level, it ever reaches 1/α with
 * probability at most α. That the rate of before is a fair level is the user's assumption, not the judge's: traffic has its hours.
 */
import { add, both, noCount, type Count, type Stratum } from './facts.ts';
import { evidenceOf, pairsOf } from './event-metric.ts';
import { bet, noBets, type Bets } from './mixture.ts';
import { harmGrid } from './rate-ratio.ts';
import type { Limit, TotalGuard } from './settings.ts';

/** Part of the judge's state. */
export interface TotalState {
  readonly freeze: Bets;
  readonly limit: Bets;
}

export const noTotal: TotalState = { freeze: noBets(harmGrid.length), limit: noBets(harmGrid.length) };

/** The level in events per exposed. */
const levelOf = (before: Count, { factor, floor }: Limit): number => Math.max(factor * upper(before), floor);

/** The rate of before is known only so well: about the 98 % upper limit of a Poisson mean (variance-stabilising root, Anscombe 1948). */
function upper({ exposed, events }: Count): number {
  const root = Math.sqrt(events + 1) + 1;
  return exposed === 0 ? 0 : (root * root) / exposed;
}

export function stepTotal(
  state: TotalState,
  guard: TotalGuard,
  strata: readonly Stratum[],
  logStake: number,
): TotalState {
  const total = pairsOf(strata, guard.metric).map(both).reduce(add, noCount);
  const against = (bets: Bets, limit: Limit): Bets => {
    const test = { margin: 0, delta: levelOf(guard.before, limit) };
    return bet(bets, evidenceOf([{ candidate: total, live: noCount }], test, harmGrid), logStake);
  };
  return { freeze: against(state.freeze, guard.freeze), limit: against(state.limit, guard.limit) };
}
