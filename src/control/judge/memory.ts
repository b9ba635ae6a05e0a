import type { People, Tick } from '../../judge/facts.ts';
import { begin, type JudgeState } from '../../judge/judge.ts';
import type { Counted } from '../../metrics/counted.ts';
import type { Judging } from '../../release/judging.ts';
import type { Verdict } from '../../release/verdict.ts';
import { frameOf, settingsOf, type Frame, type Ground } from './settings.ts';

/** All that is kept of a release's judge between two ticks: plain JSON. */
export interface JudgeMemory {
  readonly ground: Ground;
  readonly frame: Frame;
  readonly state: JudgeState;
  /** After the last tick, and the step that was under way then; null before the first. */
  readonly last: { readonly verdict: Verdict; readonly cursor: number } | null;
  readonly sums: Sums;
}

/** For people to read: what the judge does not look at. */
export interface Sums {
  /** Requests, those of them that failed, and those of clients that cannot be told apart. */
  readonly requests: People;
  readonly failed: People;
  readonly anonymous: People;
  /** Ticks whose counts were lost, since the router process was replaced. */
  readonly lost: number;
  /** The least part of the people that was counted. */
  readonly sampled: number;
}

/** The log of a release's judge, one of these for each tick: with the ground it replays to the same bits. */
export interface TickRecord {
  readonly tick: Tick;
  readonly frame: Frame;
  readonly lost: boolean;
  readonly sampled: number;
  readonly requests: People;
  readonly failed: People;
  readonly anonymous: People;
  readonly verdict: Verdict;
}

const nobody: People = { candidate: 0, live: 0 };

/** Before the first tick. */
export function noMemory(ground: Ground, judging: Judging): JudgeMemory {
  const frame = frameOf(judging);
  return {
    ground,
    frame,
    state: begin(settingsOf(ground, frame)),
    last: null,
    sums: { requests: nobody, failed: nobody, anonymous: nobody, lost: 0, sampled: 1 },
  };
}

export function added(sums: Sums, more: Counted & { readonly lost: boolean }): Sums {
  return {
    requests: plus(sums.requests, more.requests),
    failed: plus(sums.failed, more.failed),
    anonymous: plus(sums.anonymous, more.anonymous),
    lost: sums.lost + (more.lost ? 1 : 0),
    sampled: Math.min(sums.sampled, more.sampled),
  };
}

const plus = (one: People, two: People): People => ({
  candidate: one.candidate + two.candidate,
  live: one.live + two.live,
});
