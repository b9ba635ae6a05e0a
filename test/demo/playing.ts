/** A demo as somebody runs it, in a folder that nobody else uses. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { processesAbout } from './processes.ts';

interface Played {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly story: () => string;
}

interface Playing {
  /** Everything it puts on disk is below it. */
  readonly folder: string;
  readonly longestMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** @param demo its file in `examples` */
export function playDemo(
  demo: string,
  args: readonly string[],
  { folder, longestMs, env = {} }: Playing,
): Played {
  const file = join(import.meta.dirname, '../../examples', demo);
  const child = spawn(process.execPath, [file, '--json', ...args], {
    env: { ...process.env, ...env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestMs,
  });
  let out = '';
  let story = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (story += String(chunk)));
  return { child, out: () => out, story: () => story };
}

/** Neither of what it put on disk nor of what it started. */
export async function nothingLeftIn(folder: string): Promise<void> {
  assert.deepEqual(await readdir(folder), [], 'the temporary folder is still there');
  assert.deepEqual(await processesAbout(folder), [], 'processes are left');
}
