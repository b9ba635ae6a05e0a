/** wrk as the load that asks as fast as it is answered. */
import { fileURLToPath } from 'node:url';
import { runLoad } from './run-load.ts';
import type { Load, LoadResult } from './load.ts';

const script = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** One thread, since it shares its core with the origin. */
export async function wrk(on: string, port: number, load: Load): Promise<LoadResult> {
  const { scenario, ms, people = null } = load;
  const options = `--threads 1 --connections ${scenario.connections} --duration ${ms / 1000}s --timeout 10s`;
  const line = [
    'wrk',
    ...options.split(' '),
    '--script',
    script,
    `${scenario.over}://127.0.0.1:${port}${scenario.path}`,
    '--',
    scenario.method,
    String(scenario.upload),
    ...(people === null ? [] : [people]),
  ];
  return parse(await runLoad(on, line, ms));
}

/** The line that wrk.lua prints behind wrk's own report. */
export function parse(output: string): LoadResult {
  const line = output.split('\n').findLast((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no figures: ${output}`);
  return JSON.parse(line) as LoadResult;
}
