/** wrk as the load that asks as fast as it is answered. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pinned } from './pin.ts';
import type { Load, LoadResult } from './load.ts';

const script = fileURLToPath(new URL('wrk.lua', import.meta.url));
/** Beyond its duration wrk waits for what is under way; then something is wrong. */
const patienceMs = 10_000;

/** One thread, since it shares its core with the origin. */
export async function wrk(on: string, port: number, load: Load): Promise<LoadResult> {
  const { scenario, ms, people = null } = load;
  const options = `--threads 1 --connections ${scenario.connections} --duration ${ms / 1000}s --timeout 10s`;
  const [command, args] = pinned(on, [
    'wrk',
    ...options.split(' '),
    '--script',
    script,
    `${scenario.over}://127.0.0.1:${port}${scenario.path}`,
    '--',
    scenario.method,
    String(scenario.upload),
    ...(people === null ? [] : [people]),
  ]);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: ms + patienceMs,
    killSignal: 'SIGKILL',
  });
  const pieces: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`wrk ended with ${code ?? 'a signal'}: ${pieces.join('')}`);
  return parse(pieces.join(''));
}

/** The line that wrk.lua prints behind wrk's own report. */
export function parse(output: string): LoadResult {
  const line = output.split('\n').findLast((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no figures: ${output}`);
  return JSON.parse(line) as LoadResult;
}
