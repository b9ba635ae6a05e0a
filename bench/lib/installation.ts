import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../src/cli/client.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { freePort } from '../../test/free-port.ts';

export const app = 'bench';

const root = join(import.meta.dirname, '../..');
/** What both versions are made of: the app answers with the name it was deployed under. */
export const source: string = join(root, 'bench/app');
/** A thousand apps are read, checked and written first, also on a machine that has much else to do. */
const upMs = 180_000;
/** Longer than the drain and stop deadlines below together. */
const downMs = 30_000;
const lingerMs = 2_000;

/** A Teal of its own in a temporary folder: `teal up` as a person starts it, asked over its socket. */
export interface Installation {
  readonly client: Client;
  /** Where the app is reached. */
  readonly url: string;
  /** Kills the control plane, and starts it again on what it left. @returns how long until it answered, in milliseconds */
  restart(): Promise<number>;
  /** Drains and stops everything, and removes the folder. */
  close(): Promise<void>;
}

/** Lines of teal.yaml: keys of the app, and of its release. */
export interface MoreKeys {
  readonly app?: readonly string[];
  readonly release?: readonly string[];
}

/** @param warmUp requests that an instance of the app asks itself before it is healthy */
export const startInstallation = (warmUp: number, more: MoreKeys = {}): Promise<Installation> =>
  startTeal((port) => config(port, warmUp, more));

/** @param config the text of teal.yaml, with `data: .teal` */
export async function startTeal(config: (port: number) => string): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-bench-'));
  try {
    const port = await freePort();
    const file = join(folder, 'teal.yaml');
    await writeFile(file, config(port));
    const client = new Client(file, socketPath(join(folder, '.teal'), 'control.sock'));
    let up = await start(folder, client);
    return {
      client,
      url: `http://127.0.0.1:${port}/`,
      async restart() {
        const exit = once(up, 'exit');
        up.kill('SIGKILL');
        await exit;
        const began = performance.now();
        up = await start(folder, client);
        return performance.now() - began;
      },
      close: () => stop(up, folder, client),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Defaults wherever the bench has no reason: it measures what people get. */
function config(port: number, warmUp: number, more: MoreKeys): string {
  const { app: keys = [], release = ['promote: manual', 'rollback-window: 1h'] } = more;
  const lines = (of: readonly string[], indent: number): string =>
    of.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
  return `data: .teal
router:
  listen: 127.0.0.1:${port}
apps:
  ${app}:
    run:
      process:
        command: node server.js
        environment:
          WARM_UP: "${warmUp}"
        instances: 1
        stop-deadline: 5s
    release:
      tests:
        - http: /
          status: 200
${lines(release, 6)}    drain:
      deadline: 5s
${lines(keys, 4)}`;
}

async function start(folder: string, client: Client): Promise<ChildProcess> {
  // Instances are started as `node`: the one that runs the bench, whatever else is on the path.
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  const log = await open(join(folder, 'up.log'), 'w');
  // Detached: Ctrl-C in a terminal reaches this process only, which then stops Teal itself.
  const up = spawn(process.execPath, [join(root, 'bin/teal.js'), 'up'], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  for (const deadline = performance.now() + upMs; ; await sleep(25)) {
    const there = await client.status().catch(() => null);
    if (there !== null) return up;
    if (up.exitCode === null && performance.now() < deadline) continue;
    up.kill('SIGKILL');
    throw new Error(`teal up did not come up:\n${await readFile(join(folder, 'up.log'), 'utf8')}`);
  }
}

async function stop(up: ChildProcess, folder: string, client: Client): Promise<void> {
  const pids = await processes(client);
  if (up.exitCode === null && up.signalCode === null) {
    const exit = once(up, 'exit');
    up.kill('SIGINT');
    const gone = await Promise.race([exit, sleep(downMs, null, { ref: false })]);
    if (gone === null) {
      up.kill('SIGKILL');
      throw new Error(`teal up was still there ${downMs / 1000} s after SIGINT; see ${folder}`);
    }
  }
  // The router says that it has stopped just before its process ends.
  for (const until = performance.now() + lingerMs; pids.some(exists) && performance.now() < until;)
    await sleep(20);
  const left = pids.filter(exists);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  if (left.length > 0) throw new Error(`Teal left processes behind: ${left.join(', ')}; see ${folder}`);
  await rm(folder, { recursive: true, force: true });
}

/** What Teal has started and has to end; none when it cannot be asked any more. */
async function processes(client: Client): Promise<readonly number[]> {
  const status = await client.status().catch(() => null);
  const instances = (status?.apps ?? []).flatMap(({ environments: { blue, green } }) =>
    [blue, green].flatMap((environment) => environment?.instances ?? []),
  );
  const pids = [status?.router?.pid, ...instances.map(({ pid }) => pid)];
  return pids.filter((pid) => typeof pid === 'number');
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
