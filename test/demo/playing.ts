/** A demo as somebody runs it, in a folder that nobody else uses. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/**
 * Ctrl-C once the demo has told of something: all that it has started ends, and its folder goes.
 * @param scene what it tells of when everything runs
 */
export async function stopsDuring(
  scene: string,
  { child, out, story }: Played,
  { folder, longestMs }: Playing,
): Promise<void> {
  const deadline = Date.now() + longestMs;
  while (!story().includes(scene)) {
    assert(child.exitCode === null && Date.now() < deadline, story());
    await sleep(20);
  }
  assert.notDeepEqual(await processesAbout(folder), [], 'this test would see nothing');
  const closed = once(child, 'close');
  child.kill('SIGINT');
  assert.deepEqual(await closed, [130, null], story());
  assert.equal(out(), '');
  await nothingLeftIn(folder);
}
