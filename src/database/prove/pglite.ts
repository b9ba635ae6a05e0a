import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { stopIf } from './interrupt.ts';
import type { Place } from './session.ts';

/** PGlite under way. */
export interface Pglite {
  readonly place: Place;
  close(): Promise<void>;
}

/** It takes some seconds and 700 MB, on a slow machine more seconds. */
const startTimeoutMs = 90_000;

/**
 * Starts PGlite (PostgreSQL as WebAssembly, which is not part of Teal) in a process of its own, so that its memory goes back when it is
 * done. @throws TealError `shadow-failed`, `migration-interrupted`
 */
export async function startPglite(signal: AbortSignal): Promise<Pglite> {
  stopIf(signal);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-pglite-'));
  const self = import.meta.filename;
  const child = fork(path.join(path.dirname(self), `pglite-process${path.extname(self)}`), [folder], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const close = async (): Promise<void> => {
    await stop(child);
    await rm(folder, { recursive: true, force: true });
  };
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]);
  const ready = await Promise.race([
    once(child, 'message', { signal: giveUp }).then(() => true),
    once(child, 'exit', { signal: giveUp }).then(() => false),
  ]).catch(() => false);
  if (!ready) {
    await close();
    stopIf(signal);
    throw new TealError('shadow-failed', 'PGlite does not start', {
      remedy:
        'Install it beside Teal: npm install --save-dev @electric-sql/pglite. Or name a server: --shadow postgres://…',
      details: { why: said.split('\n').find((line) => /error/i.test(line)) ?? said.slice(0, 300) },
    });
  }
  return { place: { socket: folder, user: 'postgres', database: 'postgres' }, close };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
