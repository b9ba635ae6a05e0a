/**
 * Preloaded (`--import`) into the processes of a router that is watched: answers whoever connects to its socket with
 * what the process is holding, after full garbage collections. The product has no switch for this, and needs none.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { probeFile, probesVariable, type Vitals } from './probes.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function vitals(): Promise<Vitals> {
  // What the first one finds dead may hold on to more until its finalizers have run.
  for (let round = 0; round < 2; round += 1) {
    collect();
    await turn();
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo();
  const resources: Record<string, number> = {};
  for (const name of handles) resources[name] = (resources[name] ?? 0) + 1;
  return { pid: process.pid, rss, heapUsed, external, arrayBuffers, handles: handles.length, resources };
}

function listen(folder: string): Server {
  const file = probeFile(folder, process.pid);
  rmSync(file, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    void vitals().then((told) => socket.end(JSON.stringify(told)));
  });
  return server.listen(file).unref();
}

const folder = process.env[probesVariable];
if (folder !== undefined) listen(folder);
