import type { ServerOptions } from 'node:http2';
import type { ClientLimits } from '../../../config/router.ts';

/** Requests at a time in one session. Browsers open a hundred; more would let one connection hold what many should share. */
const mostStreams = 128;
/** For the whole session: what it may send ahead is held back by the window of each stream (64 kB, the protocol's own). */
export const sessionWindow = 1024 * 1024;
/** In units of a megabyte: headers, buffered data and frames to be sent of one session together. */
const sessionMegabytes = 32;
/** So many more fields are read than are allowed, so that one too many gets an answer (431) instead of a reset. */
const fieldsMore = 16;
/** The same for the size of a head. */
const headTimes = 2;
/** Frames that break a rule; more than these are no accident. */
const mostInvalid = 100;
/** A client sends one SETTINGS with a handful of entries. */
const mostSettings = 32;

/** What `node:http2` enforces for us. */
export function sessionOptions(limits: ClientLimits): ServerOptions {
  return {
    settings: {
      enablePush: false,
      maxConcurrentStreams: mostStreams,
      maxHeaderListSize: limits.headBytes * headTimes,
    },
    maxHeaderListPairs: limits.headers + fieldsMore,
    maxSessionMemory: sessionMegabytes,
    maxSessionInvalidFrames: mostInvalid,
    maxSessionRejectedStreams: mostStreams,
    maxSettings: mostSettings,
    // An app that says a field twice is passed on as it is, as over HTTP/1.1.
    strictSingleValueFields: false,
  };
}

/**
 * What a client may do that costs us more than it: a store that empties by one each time and fills by `perSecond`.
 */
export class Allowance {
  #left: number;
  #at: number;
  readonly #most: number;
  readonly #perSecond: number;

  /** @param now the worker's milliseconds */
  constructor({ burst, perSecond }: Rate, now: number) {
    this.#most = burst;
    this.#left = burst;
    this.#perSecond = perSecond;
    this.#at = now;
  }

  /** @returns false when nothing is left */
  take(now: number, count = 1): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    this.#left -= count;
    return this.#left >= 0;
  }
}

interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * Streams that end without their answer: begun and taken back (CVE-2023-44487), or made to fail by a broken frame
 * (CVE-2025-8671). Somebody who leaves a page takes back all it had asked for, at most `mostStreams`, and may do so again.
 */
export const resets: Rate = { burst: 2 * mostStreams, perSecond: 20 };

/** SETTINGS, which cost more than their bytes. A client says them once, and again when its window is to grow. */
export const settings: Rate = { burst: 100, perSecond: 10 };

/**
 * Bytes that carry nothing of a request: PING, WINDOW_UPDATE, PRIORITY, unknown and empty frames. Beside what is allowed
 * for each frame and byte that goes either way, a client has no need of many: a PING a second is 17.
 */
export const overhead: Rate = { burst: 256 * 1024, perSecond: 16 * 1024 };
