/** One metric that scores people: all that is kept of it, and what a tick adds. */
import { firstCentre, logEvidence, recentre, scoreLevels, stakes, type Centre } from './betting.ts';
import type { Scores, Stratum } from './facts.ts';
import { bet, noBets, type Bets } from './mixture.ts';

/** People, and the sum of their scores. */
interface ScoreSum {
  readonly sum: number;
  readonly people: number;
}

/** Part of the judge's state. */
export interface ScoreState {
  readonly kind: 'score';
  /** Against "the candidate's mean is not higher", placed at several starts. */
  readonly harm: Bets;
  readonly centre: Centre;
  readonly candidate: ScoreSum;
  readonly live: ScoreSum;
}

export const noScores: ScoreState = {
  kind: 'score',
  harm: noBets(stakes.length),
  centre: firstCentre,
  candidate: { sum: 0, people: 0 },
  live: { sum: 0, people: 0 },
};

/** The scores of a metric, of all strata. */
export const scoresOf = (strata: readonly Stratum[], metric: string): readonly Scores[] =>
  strata.flatMap(({ scores }) => scores[metric] ?? []);

export function stepScores(state: ScoreState, cells: readonly Scores[], logStake: number): ScoreState {
  return {
    kind: 'score',
    harm: bet(state.harm, logEvidence(cells, state.centre), logStake),
    centre: recentre(state.centre, cells),
    candidate: cells.reduce((sum, cell) => more(sum, cell.candidate), state.candidate),
    live: cells.reduce((sum, cell) => more(sum, cell.live), state.live),
  };
}

function more({ sum, people }: ScoreSum, levels: readonly number[]): ScoreSum {
  let [added, counted] = [0, 0];
  levels.forEach((count, level) => {
    added += count * (level / scoreLevels);
    counted += count;
  });
  return { sum: sum + added, people: people + counted };
}
