import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pinned } from './pin.ts';

/** Beyond its duration it waits for what is under way; then something is wrong. */
const patienceMs = 10_000;

/**
 * Runs a program that makes load, on the cores of the load.
 * @param ms how long it was told to go on @returns what it printed @throws Error when it fails, or does not end
 */
export async function runLoad(on: string, line: readonly string[], ms: number): Promise<string> {
  const [command, args] = pinned(on, line);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: ms + patienceMs,
    killSignal: 'SIGKILL',
  });
  const pieces: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  const [code] = (await once(child, 'close')) as [number | null];
  const output = pieces.join('');
  if (code !== 0) throw new Error(`${line[0]} ended with ${code ?? 'a signal'}: ${output}`);
  return output;
}
