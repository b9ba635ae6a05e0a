import type { EjectionPolicy } from '../../config/config.ts';

/**
 * Passive ejection, as one worker sees it. An endpoint that fails several times in a row gets nothing new for a while,
 * the longer the more often it happens; then one request tries it (half-open), and either it is back or the next while
 * begins. The platform's health checks take an instance out of the table for good; this covers the time until then.
 */
export interface Standing {
  /** In a row. */
  readonly failures: number;
  /** How often it was ejected without having been sound for long in between. */
  readonly ejections: number;
  /** In the worker's milliseconds; 0 when it is not ejected. From then on one request may try it. */
  readonly until: number;
  /** From then on that may also be a request that could not be sent again. */
  readonly anyAfter: number;
  /** When it last came back. */
  readonly backAt: number;
}

export const sound: Standing = { failures: 0, ejections: 0, until: 0, anyAfter: 0, backAt: -Infinity };

/**
 * `unreachable`: no connection came up, so it is not there, and leaving it out takes nothing away from anybody.
 * `broken`: it is there, but did not answer in time, broke off, or answered with a fault of its own.
 */
export type Failure = 'unreachable' | 'broken';

export interface FailureContext {
  readonly policy: EjectionPolicy;
  readonly failure: Failure;
  /** How many of its kind are ejected already, and how many there are. */
  readonly out: number;
  readonly of: number;
  /** The request was the one that tried an ejected endpoint. */
  readonly probe: boolean;
  readonly now: number;
  readonly random: () => number;
}

/**
 * An endpoint that is there carries load, even badly: when more than half of them were left out for being slow, the
 * rest would become slow as well, and so on to the last. One that cannot be reached carries none.
 */
function mayGo({ failure, out, of }: FailureContext): boolean {
  return failure === 'unreachable' ? out < of - 1 : out < Math.floor(of / 2);
}

/** What requests that began before an ejection come to tells nothing new. */
export function afterFailure(standing: Standing, context: FailureContext): Standing {
  const { policy, probe } = context;
  if (standing.until !== 0) return probe ? ejected(standing, context) : standing;
  const failures = standing.failures + 1;
  if (failures < policy.failures || !mayGo(context)) return { ...standing, failures };
  return ejected({ ...standing, failures }, context);
}

/** @param probe as in `FailureContext`: any other success of an ejected endpoint may be of an older connection */
export function afterSuccess(standing: Standing, probe: boolean, now: number): Standing {
  if (standing.until !== 0) {
    return probe ? { ...sound, ejections: standing.ejections, backAt: now } : standing;
  }
  return standing.failures === 0 ? standing : { ...standing, failures: 0 };
}

/** Whether a request may not be sent there. @param repeatable it could be sent again elsewhere if this fails */
export function isOut(
  standing: Standing,
  probing: boolean,
  moment: { now: number; repeatable: boolean },
): boolean {
  if (standing.until === 0) return false;
  return probing || moment.now < (moment.repeatable ? standing.until : standing.anyAfter);
}

/** Twice as long each time. Up to a fifth more or less, so that workers do not all try it in the same instant. */
function ejected(standing: Standing, { policy, now, random }: FailureContext): Standing {
  const { timeMs, longestMs } = policy;
  const forgotten = standing.until === 0 && now - standing.backAt > longestMs;
  const ejections = forgotten ? 1 : standing.ejections + 1;
  const plain = Math.min(longestMs, timeMs * 2 ** Math.min(30, ejections - 1));
  const time = plain * (0.8 + 0.4 * random());
  return { ...standing, failures: 0, ejections, until: now + time, anyAfter: now + 2 * time };
}
