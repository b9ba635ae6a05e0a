/**
 * When bets on harm are placed. Half of the stake at the first tick, the rest little by little: a regression that begins an hour
 * later meets bets which the good hour has not eaten up.
 *
 * The j-th later start (j = 1, 2, …) gets ½·s/((s+j−1)(s+j)). The sum telescopes: after j starts ½·s/(s+j) is still in reserve, so it
 * never runs out, and the first s get nearly the same. Cost in nats of a bet that begins at the j-th: log(2(s+j−1)(s+j)/s).
 */
import { ruined } from './log.ts';

export interface Schedule {
  /** Seconds between starts; 0: at every tick. */
  readonly everySeconds: number;
  /** How many later starts share about evenly. */
  readonly spread: number;
}

/** Part of the judge's state. */
export interface Starts {
  /** How often stakes were placed, the first time included. */
  readonly count: number;
  /** Seconds since the last one. */
  readonly seconds: number;
}

export const noStarts: Starts = { count: 0, seconds: 0 };

/** @returns the log of the stake to place after `count` others */
export function logStake(count: number, spread: number): number {
  return Math.log(count === 0 ? 0.5 : (0.5 * spread) / ((spread + count - 1) * (spread + count)));
}

/** @returns the log of what is in reserve after `count` stakes */
export function logReserve(count: number, spread: number): number {
  return count === 0 ? 0 : Math.log((0.5 * spread) / (spread + count - 1));
}

/**
 * Decides from what is known before the batch whether stakes are placed: at the first tick, at a new stage, and when it is
 * time. @returns the log of the stake, `ruined` for none
 */
export function place(
  starts: Starts,
  tick: { readonly seconds: number; readonly newStage: boolean },
  { everySeconds, spread }: Schedule,
): { readonly starts: Starts; readonly logStake: number } {
  const due = starts.count === 0 || tick.newStage || starts.seconds >= everySeconds;
  if (!due) return { starts: { ...starts, seconds: starts.seconds + tick.seconds }, logStake: ruined };
  return {
    starts: { count: starts.count + 1, seconds: tick.seconds },
    logStake: logStake(starts.count, spread),
  };
}
