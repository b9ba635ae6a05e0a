/** What connections are held open to. */
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { Child } from '../lib/child.ts';
import { probeEnvironment, withProbes } from '../lib/probes.ts';
import { routerOptions } from '../lib/router-options.ts';
import { tableTo } from '../router/peers/teal.ts';

export interface Holder {
  readonly name: string;
  /** The process that accepts. */
  readonly pid: number;
  readonly port: number;
  /** Connections that it holds, as it counts them. */
  clients(): Promise<number>;
  close(): Promise<void>;
}

export interface Place {
  readonly folder: string;
  readonly probes: string;
  /** Port of the app. */
  readonly origin: number;
}

export async function startBare({ probes }: Place): Promise<Holder> {
  const child = await Child.start(new URL('bare.ts', import.meta.url), { env: probeEnvironment(probes) });
  const { pid, port } = child.hello as { pid: number; port: number };
  return {
    name: 'bare node:net',
    pid,
    port,
    clients: async () => (await child.ask('clients')) as number,
    close: () => child.close(),
  };
}

const stopMs = 5_000;
/** Longer than the run: nothing may be closed meanwhile. */
const idleMs = 300_000;

/** One worker; its parent is in none of the figures. */
export async function startTeal({ folder, probes, origin }: Place): Promise<Holder> {
  const router = await withProbes(probes, () =>
    EmbeddedRouter.start(routerOptions(folder, { workers: 1, idleTimeoutMs: idleMs })),
  );
  const close = (): Promise<void> => router.shutdown(stopMs);
  try {
    await router.apply(tableTo(origin));
    const { listen, workers } = await router.status();
    return {
      name: 'teal',
      pid: workers[0]?.pid ?? 0,
      port: listen[0]?.port ?? 0,
      clients: async () => (await router.status()).workers[0]?.connections ?? 0,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
