import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import type { ErrorJson } from '../../errors.ts';
import { TealError } from '../../errors.ts';
import { entryPath } from './entry.ts';
import type { Program, RouterOptions } from './options.ts';
import { passingOn } from './passed-sockets.ts';

/** Starting Node, binding and starting the workers takes a second on a busy machine. */
export const startDeadlineMs = 30_000;

/**
 * glibc gives threads areas of memory of their own, and keeps what is free in each. Node has eight threads or so that
 * allocate little: with two areas the parent and each worker, which inherits this, were 6–8 % smaller under a mixed load.
 */
const allocator = { MALLOC_ARENA_MAX: '2' };

/** The router of this very Teal. */
export function ownProgram(): Program {
  return { node: process.execPath, entry: entryPath('process') };
}

/**
 * Starts a router process of its own session, with its output in `<data>/router/router.log`: a pipe would break with us.
 * @param more arguments after the options
 */
export function launchRouter(
  { node, entry }: Program,
  options: RouterOptions,
  more: readonly string[] = [],
): ChildProcess {
  const folder = path.join(options.data, 'router');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openSync(path.join(folder, 'router.log'), 'a', 0o600);
  const passed = passingOn();
  try {
    return spawn(node, [entry, JSON.stringify(options), ...more], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc', ...passed.stdio],
      cwd: '/',
      env: { ...allocator, ...process.env, ...passed.env },
    });
  } finally {
    closeSync(log);
  }
}

/**
 * Starts a router; resolves when it listens. The IPC channel is closed then.
 * @throws TealError what the process said, or `router-unavailable`
 */
export async function spawnRouter(options: RouterOptions): Promise<void> {
  const child = launchRouter(ownProgram(), options);
  const outcome = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    outcome.reject(notStarted(options, `did not start within ${startDeadlineMs / 1000} s`));
  }, startDeadlineMs);
  child.on('message', (message: { readonly ready?: true; readonly error?: ErrorJson }) => {
    if (message.error === undefined) outcome.resolve();
    else outcome.reject(TealError.from(message.error));
  });
  child.on('error', (error) => outcome.reject(notStarted(options, error.message)));
  child.on('exit', (code, signal) => {
    outcome.reject(notStarted(options, `ended while starting (${signal ?? `code ${code ?? 0}`})`));
  });
  try {
    await outcome.promise;
  } finally {
    clearTimeout(timer);
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

export function notStarted({ data }: RouterOptions, how: string): TealError {
  const log = path.join(data, 'router', 'router.log');
  return new TealError('router-unavailable', `the router ${how}`, {
    remedy: `Read ${log}.`,
    details: { log },
  });
}
