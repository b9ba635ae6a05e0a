/** The load that asks as fast as it is answered: wrk, and h2load for HTTP/2, which wrk does not speak. */
import { h2load } from './h2load.ts';
import type { Load, LoadResult } from './load.ts';
import type { Running } from './peers/peer.ts';
import type { Scenario } from './scenarios.ts';
import { wrk } from './wrk.ts';

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
