/** The load that asks as fast as it is answered: wrk, and h2load for HTTP/2, which wrk does not speak. */
import { h2load } from './h2load.ts';
import type { Running } from './peers/peer.ts';
import type { Scenario } from './scenarios.ts';
import { wrk } from './wrk.ts';

export interface Load {
  readonly scenario: Scenario;
  readonly ms: number;
  /** A file with the Cookie header of each person who asks, one a line; none when left out. */
  readonly people?: string | null;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Connections that failed or broke, answers of 400 and above, and timeouts. */
  readonly errors: number;
  /** Milliseconds from the request to the end of its answer. */
  readonly p50: number;
  readonly p99: number;
}

/** Where a proxy is asked in a scenario; null when it does not speak that. */
export function portFor(
  { port, secure }: Pick<Running, 'port' | 'secure'>,
  { over }: Scenario,
): number | null {
  if (over === 'http') return port;
  if (secure === null || (over === 'h2' && !secure.h2)) return null;
  return secure.port;
}

/** @param on cores of the load @throws Error when the program that makes it fails */
export function loadAt(on: string, port: number, load: Load): Promise<LoadResult> {
  return load.scenario.over === 'h2' ? h2load(on, port, load) : wrk(on, port, load);
}
