import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import type { ErrorJson } from '../../errors.ts';
import { TealError } from '../../errors.ts';
import { entryPath } from './entry.ts';
import type { RouterOptions } from './options.ts';

/** Starting Node, binding and starting the workers takes a second on a busy machine. */
const startDeadlineMs = 30_000;

/**
 * glibc gives threads areas of memory of their own, and keeps what is free in each. Node has eight threads or so that
 * allocate little: with two areas the parent and each worker, which inherits this, were 6–8 % smaller under a mixed load.
 */
const allocator = { MALLOC_ARENA_MAX: '2' };

/**
 * Starts a router process of its own session, with its output in `<data>/router/router.log`: a pipe would break with
 * us. Resolves when it listens; the IPC channel is closed then.
 * @throws TealError what the process said, or `router-unavailable`
 */
export async function spawnRouter(options: RouterOptions): Promise<void> {
  const folder = path.join(options.data, 'router');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openSync(path.join(folder, 'router.log'), 'a', 0o600);
  const child = spawn(process.execPath, [entryPath('process'), JSON.stringify(options)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    cwd: '/',
    env: { ...allocator, ...process.env },
  });
  closeSync(log);
  const outcome = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    outcome.reject(notStarted(folder, `did not start within ${startDeadlineMs / 1000} s`));
  }, startDeadlineMs);
  child.on('message', (message: { readonly ready?: true; readonly error?: ErrorJson }) => {
    if (message.error === undefined) outcome.resolve();
    else outcome.reject(TealError.from(message.error));
  });
  child.on('error', (error) => outcome.reject(notStarted(folder, error.message)));
  child.on('exit', (code, signal) => {
    outcome.reject(notStarted(folder, `ended while starting (${signal ?? `code ${code ?? 0}`})`));
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

function notStarted(folder: string, how: string): TealError {
  return new TealError('router-unavailable', `the router ${how}`, {
    remedy: `Read ${path.join(folder, 'router.log')}.`,
    details: { log: path.join(folder, 'router.log') },
  });
}
