import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { CertificateFiles, TlsConfig } from '../../src/config/router.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import type { RouterOptions } from '../../src/router/embedded/options.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import type { Origin } from './rig.ts';
import { answering, appTable, endpoint, limits, ok, tableOf } from './rig.ts';

/** A router process with a data directory of its own, stopped whatever happens. */
export interface Running extends AsyncDisposable {
  readonly data: string;
  readonly options: RouterOptions;
  router: EmbeddedRouter;
  port(): Promise<number>;
  securePort(): Promise<number>;
}

export async function start(more: Partial<RouterOptions> = {}): Promise<Running> {
  const data = more.data ?? (await mkdtemp(path.join(os.tmpdir(), 'teal-router-')));
  const options = {
    data,
    listen: [{ host: '127.0.0.1', port: 0 }],
    h2c: [],
    workers: 2,
    trustedProxies: [],
    proxyProtocol: [],
    tls: null,
    client: limits,
    ...more,
  };
  const running: Running = {
    data,
    options,
    router: await EmbeddedRouter.start(options),
    port: async () => (await running.router.status()).listen.find(({ secure }) => !secure)?.port ?? 0,
    securePort: async () => (await running.router.status()).listen.find(({ secure }) => secure)?.port ?? 0,
    async [Symbol.asyncDispose]() {
      await running.router.shutdown(0).catch(() => stopBySocket(data));
      const folder = path.dirname(socketPath(data, 'router/control.sock'));
      await rm(data, { recursive: true, force: true });
      if (!folder.startsWith(data)) await rm(folder, { recursive: true, force: true });
    },
  };
  return running;
}

/** When the test has let go of its router: whatever runs there is stopped all the same. */
async function stopBySocket(data: string): Promise<void> {
  const socket = net.connect(socketPath(data, 'router/control.sock'));
  socket.on('connect', () => socket.write('{"id":1,"op":"shutdown","args":{"deadlineMs":0}}\n'));
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

/** TLS on a port of its own, with these certificates. */
export function tlsOf(certificates: readonly CertificateFiles[], more: Partial<TlsConfig> = {}): TlsConfig {
  return {
    listen: [{ host: '127.0.0.1', port: 0 }],
    certificates,
    minVersion: 'TLSv1.2',
    clientCertificates: null,
    http2: true,
    redirect: true,
    acme: null,
    hstsSeconds: null,
    ...more,
  };
}

export function flip(generation: number, sides: readonly [Origin, Origin]): RoutingTable {
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', sides[0].port)] },
    green: { version: 'v2', endpoints: [endpoint('g', sides[1].port)] },
  };
  return tableOf(generation, appTable({ environments, live: generation % 2 === 1 ? 'blue' : 'green' }));
}

export async function sides(): Promise<readonly [Origin, Origin]> {
  return [await answering(ok('v1')), await answering(ok('v2'))];
}

export async function closeSides(pair: readonly [Origin, Origin]): Promise<void> {
  for (const side of pair) await side[Symbol.asyncDispose]();
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
