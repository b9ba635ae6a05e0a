import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoutingTable } from '../../../src/router/table.ts';
import { EmbeddedRouter } from '../../../src/router/embedded/embedded.ts';
import { speaksH2 } from '../../lib/certificate.ts';
import { routerOptions, upstreamPolicy } from '../../lib/router-options.ts';
import { pinChildren } from '../pin.ts';
import { answers, keep, type Peer, type Place, type Running } from './peer.ts';

const manifest = join(import.meta.dirname, '../../../package.json');
const stopMs = 5_000;

export const version = (): string =>
  `teal ${(JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version}, node ${process.versions.node}`;

export const teal = (loadCores: string): Peer => ({
  name: 'teal',
  install: null,
  version,
  start: (place) => startTeal('teal', loadCores, { place, table: tableTo(place.origin) }),
});

/** The router as it ships: its process with one worker, started as the control plane does. The parent counts too. */
export async function startTeal(
  name: string,
  loadCores: string,
  { place, table }: { readonly place: Place; readonly table: RoutingTable },
): Promise<Running> {
  pinChildren(place.core);
  const wishes = { workers: 1, idleTimeoutMs: keep.seconds * 1000, certificate: place.certificate };
  const starting = EmbeddedRouter.start(routerOptions(place.folder, wishes));
  const router = await starting.finally(() => pinChildren(loadCores));
  const stop = (): Promise<void> => router.shutdown(stopMs);
  try {
    await router.apply(table);
    const { pid, listen } = await router.status();
    const port = listen.find(({ secure }) => !secure)?.port ?? 0;
    const over = listen.find(({ secure }) => secure)?.port;
    await answers(port);
    const secure = over === undefined ? null : { port: over, h2: await speaksH2(over) };
    return { name, pid, port, secure, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Everything to one app. */
export function tableTo(origin: number): RoutingTable {
  const endpoint = { id: 'bench-1', role: 'web', host: '127.0.0.1', port: origin };
  return {
    generation: 1,
    apps: [
      {
        app: 'bench',
        live: 'blue',
        routes: [{ role: 'web', hosts: [], paths: [] }],
        environments: { blue: { version: 'v1', endpoints: [endpoint] }, green: null },
        maintenance: null,
        previewKey: 'bm90IGEgc2VjcmV0',
        drain: { streams: 'drain', deadlineMs: 1000 },
        upstream: upstreamPolicy(keep.seconds * 1000),
      },
    ],
  };
}
