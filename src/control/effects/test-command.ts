import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Test } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import type { Colour } from '../../release/state.ts';

export interface Target {
  /** Of the preview, without a slash at its end. */
  readonly url: string;
  /** Where the whole output goes. */
  readonly log: string;
  readonly app: string;
  readonly version: string;
  readonly colour: Colour;
  readonly release: string;
}

/** As much of the end of the output as a person reads in an error, and as an event should hold. */
const keptBytes = 4000;

/**
 * Runs a test command in a shell, in the version's folder, with the preview's URL. Resolves with the end of its
 * output; everything it started is gone when this resolves or rejects.
 * @throws TealError `test-failed`
 */
export async function runCommand(
  test: Test & { kind: 'command' },
  target: Target & { readonly directory: string },
  signal: AbortSignal,
): Promise<string> {
  const child = spawn('/bin/sh', ['-c', test.command], {
    cwd: target.directory,
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TEAL_APP: target.app,
      TEAL_VERSION: target.version,
      TEAL_ENVIRONMENT: target.colour,
      TEAL_RELEASE: target.release,
      TEAL_PREVIEW_URL: target.url,
    },
  });
  const log = createWriteStream(target.log, { mode: 0o600 });
  let tail = '';
  const keep = (chunk: Buffer): void => {
    log.write(chunk);
    tail = (tail + chunk.toString()).slice(-keptBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const end = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const late = AbortSignal.timeout(test.timeoutMs);
  const stop = AbortSignal.any([signal, late]);
  stop.addEventListener('abort', end);
  try {
    const [code, killed] = (await once(child, 'close')) as [number | null, string | null];
    signal.throwIfAborted();
    if (late.aborted) throw failed(test, target, `took longer than ${test.timeoutMs / 1000} s`, tail);
    if (code !== 0)
      throw failed(test, target, killed === null ? `exited with ${code}` : `was ended by ${killed}`, tail);
    return tail;
  } finally {
    stop.removeEventListener('abort', end);
    end();
    log.end();
  }
}

export function failed(test: Test, target: Target, how: string, output: string): TealError {
  const shown = output.trimEnd() === '' ? 'It printed nothing.' : output.trimEnd();
  return new TealError(
    'test-failed',
    `Test ${test.name} of ${target.app} ${target.version} ${how}.\n${shown}`,
    {
      remedy: `mend it and run: teal retry ${target.app}. The whole output: ${target.log}`,
      details: { test: test.name, log: target.log, release: target.release },
    },
  );
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
