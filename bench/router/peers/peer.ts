/** What a proxy has to be for this bench: one that can be started in front of the origin, and stopped. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, openSync, closeSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../../lib/certificate.ts';
import { pinned } from '../pin.ts';

export interface Peer {
  readonly name: string;
  /** How to get it, when it is not there. Null: it is asked only when it happens to be there. */
  readonly install: string | null;
  /** What it says of its version, or null when it is not installed. */
  version(): string | null;
  start(place: Place): Promise<Running>;
}

export interface Place {
  /** Its own folder, for its configuration and whatever it writes. */
  readonly folder: string;
  /** Where the origin listens, on loopback. */
  readonly origin: number;
  /** The core it runs on, as `taskset -c` writes it. */
  readonly core: string;
  readonly certificate: Certificate;
}

export interface Running {
  readonly name: string;
  /** The process all others of the proxy descend from. */
  readonly pid: number;
  readonly port: number;
  /** Where it speaks TLS, and what by ALPN; null when it does not. */
  readonly secure: { readonly port: number; readonly h2: boolean } | null;
  /** Cookie headers of the people who ask, where it gives them cookies of its own; otherwise as they come. */
  readonly cookies?: readonly string[];
  stop(): Promise<void>;
}

const startMs = 15_000;
const stopMs = 5_000;

/** The same for all: how many idle connections to the origin are kept, and how long anything idle is. */
export const keep = { upstreams: 128, seconds: 300 } as const;

/** First line that a program on the PATH says when asked for its version (some say it on stderr). */
export function versionOf(program: string, ...args: readonly string[]): string | null {
  if (find(program) === null) return null;
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: startMs });
  return `${stdout}${stderr}`.trim().split('\n')[0] ?? '';
}

function find(program: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      const file = join(folder, program);
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return null;
}

interface Launch {
  readonly port: number;
  readonly secure?: Running['secure'];
  readonly env?: NodeJS.ProcessEnv;
  /** For what has to be told to it while it runs. */
  readonly afterStart?: () => Promise<void>;
}

/** Starts a program that stays in the foreground, with its output in its folder; resolves when it passes requests on. */
export async function launch(
  name: string,
  command: readonly string[],
  place: Place & Launch,
): Promise<Running> {
  const file = join(place.folder, 'output.log');
  const log = openSync(file, 'a');
  const [program, args] = pinned(place.core, command);
  const child = spawn(program, args, {
    cwd: place.folder,
    env: { ...process.env, ...place.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const { port, secure = null } = place;
  const running = { name, pid, port, secure, stop: () => end(child) };
  try {
    await place.afterStart?.();
    await answers(place.port);
  } catch (error) {
    await running.stop();
    throw new Error(`${name} did not come up: ${readFileSync(file, 'utf8')}`, { cause: error });
  }
  return running;
}

/** Until a proxy passes a request on. */
export async function answers(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/small`;
  for (const deadline = performance.now() + startMs; performance.now() < deadline; await sleep(50)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => null);
    await response?.arrayBuffer();
    if (response?.status === 200) return;
  }
  throw new Error(`no 200 within ${startMs / 1000} s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await exit;
  clearTimeout(timer);
}
