import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Test } from '../../config/release.ts';
import { TealError } from '../../errors.ts';
import type { Colour } from '../../release/state.ts';
import { kill } from '../kill.ts';
import { endsWithin } from '../pause.ts';
import { RedactedPieces } from './redacted-pieces.ts';

export interface Target {
  /** Of the preview, without a slash at its end. */
  readonly url: string;
  /** Where the whole output goes. */
  readonly log: string;
  readonly app: string;
  readonly version: string;
  readonly colour: Colour;
  readonly release: string;
  /** Takes the values of secrets out of what is going to be shown. */
  readonly redact: (text: string) => string;
}

/** As much of the end of the output as a person reads in an error, and as an event should hold. */
const keptBytes = 4000;
/** A child that left the command's group may hold its output open; nobody waits for that one. */
const outputMs = 1000;

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
  signal.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', test.command], {
    cwd: target.directory,
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...told(target) },
  });
  const output = collect(child, target);
  const fail = (how: string): TealError => failed(test, target, how, output.tail());
  const late = AbortSignal.timeout(test.timeoutMs);
  const stop = AbortSignal.any([signal, late]);
  const end = (): void => {
    if (child.pid !== undefined) kill(-child.pid);
  };
  stop.addEventListener('abort', end);
  try {
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    const [code, killed] = await exited.catch((error: Error) => {
      throw fail(`could not be started: ${error.message}`);
    });
    // What it left running in the background ends now, and with it the output.
    end();
    await output.ended();
    signal.throwIfAborted();
    if (late.aborted) throw fail(`took longer than ${test.timeoutMs / 1000} s`);
    if (code !== 0) throw fail(killed === null ? `exited with ${code}` : `was ended by ${killed}`);
    return output.tail();
  } finally {
    stop.removeEventListener('abort', end);
    end();
    output.close();
  }
}

const told = (target: Target): Readonly<Record<string, string>> => ({
  TEAL_APP: target.app,
  TEAL_VERSION: target.version,
  TEAL_ENVIRONMENT: target.colour,
  TEAL_RELEASE: target.release,
  TEAL_PREVIEW_URL: target.url,
});

interface Output {
  /** The end of it. */
  tail(): string;
  ended(): Promise<void>;
  close(): void;
}

/** No secret is in the file, nor in what is told. */
function collect(child: ChildProcess, { log: file, redact }: Pick<Target, 'log' | 'redact'>): Output {
  const log: WriteStream = createWriteStream(file, { mode: 0o600 });
  // The log is for people; a full disk fails neither the test nor Teal.
  log.on('error', () => undefined);
  let tail = '';
  const keep = (text: string): void => {
    if (text === '') return;
    log.write(text);
    tail = (tail + text).slice(-keptBytes);
  };
  const streams = [child.stdout, child.stderr].filter((stream): stream is Readable => stream !== null);
  const redacted = streams.map((stream) => {
    const pieces = new RedactedPieces(redact, keep);
    stream.setEncoding('utf8').on('data', (chunk: string) => pieces.take(chunk));
    return pieces;
  });
  const closed = Promise.all(streams.map((stream) => once(stream, 'close')));
  closed.catch(() => undefined);
  return {
    tail: () => tail,
    ended: async () => {
      await endsWithin(closed, outputMs);
      for (const pieces of redacted) pieces.end();
    },
    close: () => {
      for (const pieces of redacted) pieces.end();
      for (const stream of streams) stream.destroy();
      log.end();
    },
  };
}

export function failed(test: Test, target: Target, how: string, output: string): TealError {
  const shown = output.trimEnd() === '' ? 'It printed nothing.' : target.redact(output.trimEnd());
  return new TealError(
    'test-failed',
    `Test ${test.name} of ${target.app} ${target.version} ${how}.\n${shown}`,
    {
      remedy: `Deploy a repaired build under a new name; when the cause lay elsewhere: teal retry ${target.app}`,
      details: { test: test.name, log: target.log, release: target.release },
    },
  );
}
