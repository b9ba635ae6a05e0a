/** h2load (of nghttp2) as the load over HTTP/2. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from '../../src/load/report.ts';
import type { Load, LoadResult } from './load.ts';
import { runLoad } from './run-load.ts';

/** How to get it. */
export const install = 'apt-get install nghttp2-client';

/** One thread, since it shares its core with the origin. */
export async function h2load(on: string, port: number, load: Load): Promise<LoadResult> {
  const { scenario, ms } = load;
  const log = join(tmpdir(), `teal-h2load-${process.pid}-${port}.log`);
  const options =
    `--threads=1 --clients=${scenario.connections} --max-concurrent-streams=${scenario.streams} ` +
    `--duration=${ms / 1000} --warm-up-time=0 --log-file=${log}`;
  const line = ['h2load', ...options.split(' '), `https://127.0.0.1:${port}${scenario.path}`];
  try {
    const output = await runLoad(on, line, ms);
    return parse(output, await readFile(log, 'utf8'));
  } finally {
    await rm(log, { force: true });
  }
}

/** @param output its report @param log a line for each request: when it began, its status, its microseconds */
export function parse(output: string, log: string): LoadResult {
  const told = /^finished in ([\d.]+)(s|ms)/m.exec(output);
  const counts = /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/m.exec(output);
  const protocol = /^Application protocol: (\S+)/m.exec(output)?.[1];
  if (told === null || counts === null) throw new Error(`h2load printed no figures: ${output}`);
  if (protocol !== 'h2') throw new Error(`h2load speaks ${protocol ?? 'nothing'} there, not HTTP/2`);
  const [requests = 0, succeeded = 0] = counts.slice(1).map(Number);
  const times = log
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]) / 1000);
  const sorted = Float64Array.from(times).sort();
  return {
    requests,
    seconds: Number(told[1]) / (told[2] === 'ms' ? 1000 : 1),
    errors: requests - succeeded,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
  };
}
