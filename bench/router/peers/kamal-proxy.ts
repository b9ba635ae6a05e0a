import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../test/free-port.ts';
import { launch, versionOf, type Peer } from './peer.ts';

const run = promisify(execFile);
const tries = 50;

/** It forwards X-Forwarded-* by default, and takes its target at run time. */
export const kamalProxy: Peer = {
  name: 'kamal-proxy',
  install: null,
  version: () => versionOf('kamal-proxy', '--version'),
  start: async (place) => {
    const port = await freePort();
    const unused = await freePort();
    const env = {
      GOMAXPROCS: '1',
      HOME: place.folder,
      KAMAL_PROXY_SOCKET: join(place.folder, 'kamal-proxy.sock'),
      XDG_RUNTIME_DIR: place.folder,
    };
    const target = [
      'deploy',
      'bench',
      '--target',
      `127.0.0.1:${place.origin}`,
      '--health-check-path',
      '/small',
    ];
    return launch(
      'kamal-proxy',
      ['kamal-proxy', 'run', '--http-port', String(port), '--https-port', String(unused)],
      { ...place, port, env, afterStart: () => deploy(target, { ...process.env, ...env }) },
    );
  },
};

/** Its socket is there a moment after it has been started. */
async function deploy(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run('kamal-proxy', args, { env, timeout: 10_000 });
      return;
    } catch (error) {
      if (attempt === tries) throw error;
      await sleep(100);
    }
  }
}
