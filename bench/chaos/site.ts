import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../src/cli/client.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { isAlive, kill, processesOf } from '../../test/acceptance/processes.ts';
import { freePort } from '../../test/free-port.ts';

export const app = 'chaos';
/** Of each environment: one can be killed, and somebody is left to answer. */
const instances = 3;
const workers = 2;

const root = join(import.meta.dirname, '../..');

/** A folder with a teal.yaml and an app; nothing runs yet. */
export interface Site {
  readonly folder: string;
  readonly config: string;
  readonly port: number;
  readonly client: Client;
  /** What versions are made of. */
  readonly source: string;
  readonly store: string;
  /** Ends what is left of it, and removes the folder. @returns how many processes were left */
  close(): Promise<number>;
}

export async function makeSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-chaos-'));
  const port = await freePort();
  const config = join(folder, 'teal.yaml');
  const source = join(folder, 'source');
  await cp(join(root, 'bench/chaos/app'), source, { recursive: true });
  await cp(join(root, 'examples/shop/app/websocket.js'), join(source, 'websocket.js'));
  await writeFile(join(source, 'package.json'), '{ "private": true, "type": "module" }\n');
  await writeFile(config, yaml(port));
  const data = join(folder, '.teal');
  return {
    folder,
    config,
    port,
    source,
    store: join(data, 'teal.db'),
    client: new Client(config, socketPath(data, 'control.sock')),
    close: () => sweep(folder),
  };
}

/** The window is short enough to close now and then, and long enough to be rolled back in. */
const yaml = (port: number): string => `data: .teal
router:
  listen: 127.0.0.1:${port}
  workers: ${workers}
apps:
  ${app}:
    identity: { sources: [{ header: x-user-id, from: anyone }] }
    run:
      process:
        command: ${process.execPath} server.js
        instances: ${instances}
        stop-deadline: 5s
    health: { path: /quick, interval: 200ms, timeout: 2s, deadline: 30s }
    release:
      rollback-window: 6s
      deadline: 60s
      preview-instances: 1
      tests:
        - http: /quick
          contains: teal
      steps:
        - { expose: { percent: 20, for: 400ms, judge: off } }
        - { expose: { percent: 50, for: 400ms, judge: off } }
    drain: { streams: close, deadline: 5s }
`;

const rounds = 40;

async function sweep(folder: string): Promise<number> {
  const left = (): readonly number[] => processesOf(folder).filter(isAlive);
  // The last ones say that they have stopped just before they end.
  for (let round = 0; round < rounds && left().length > 0; round += 1) await sleep(50);
  const first = left().length;
  for (let round = 0; round < rounds && left().length > 0; round += 1) {
    for (const pid of left()) kill(pid, 'SIGKILL');
    await sleep(50);
  }
  await rm(folder, { recursive: true, force: true });
  return first;
}
