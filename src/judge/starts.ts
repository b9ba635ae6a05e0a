/**
 * When bets on harm are placed. Half of the stake at the first tick, the rest little by little: a regression that begins an hour
 * later meets bets which the good hour has not eaten up.
 *
 * The j-th later start (j = 1, 2, …) gets ½·s/((s+j−1)(s+j)), s = 12. The sum telescopes: after j starts ½·s/(s+j) is still in
 * reserve, so it never runs out, and the first dozen get nearly the same. Cost in nats: 0.7 for harm from the start, 3.3 for the first
 * later start, 4.5 for the 12th (an hour), 9.6 for the 288th (a day).
 */
import { ruined } from './log.ts';

const spread = 12;

/** Part of the judge's state. */
export interface Starts {
  /** How often stakes were placed, the first time included. */
  readonly count: number;
  /** Seconds since the last one. */
  readonly seconds: number;
}

export const noStarts: Starts = { count: 0, seconds: 0 };

/** @returns the log of the stake to place before the `count`-th batch of stakes (0-based) */
export function logStake(count: number): number {
  return Math.log(count === 0 ? 0.5 : (0.5 * spread) / ((spread + count - 1) * (spread + count)));
}

/** @returns the log of what is in reserve after `count` stakes */
export function logReserve(count: number): number {
  return count === 0 ? 0 : Math.log((0.5 * spread) / (spread + count - 1));
}

/**
 * Decides from what is known before the batch whether stakes are placed: at the first tick, at a new stage, and every
 * `everySeconds`. @returns the log of the stake, `ruined` for none
 */
export function place(
  starts: Starts,
  tick: { readonly seconds: number; readonly newStage: boolean },
  everySeconds: number,
): { readonly starts: Starts; readonly logStake: number } {
  const due = starts.count === 0 || tick.newStage || starts.seconds >= everySeconds;
  if (!due) return { starts: { ...starts, seconds: starts.seconds + tick.seconds }, logStake: ruined };
  return { starts: { count: starts.count + 1, seconds: tick.seconds }, logStake: logStake(starts.count) };
}
