import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

const bin = path.resolve(import.meta.dirname, '../../bin/teal.js');

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running `teal`, as a person's shell would run it. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Everything on stdout and stderr so far. */
  readonly said: () => string;
}

export function start(directory: string, args: readonly string[], env: Record<string, string> = {}): Running {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(TEAL_|NO_COLOR|FORCE_COLOR|NODE_TEST|COLUMNS|SUDO_|CI$)/.test(name),
    ),
  );
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: directory,
    env: { ...clean, TZ: 'UTC', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, finished, said: () => out + err };
}

/** Runs `teal` to its end. */
export function teal(directory: string, ...args: readonly string[]): Promise<Finished> {
  return start(directory, args).finished;
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
