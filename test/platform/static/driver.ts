import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { ListenAddress } from '../../../src/config/router.ts';
import type { PlatformHooks } from '../../../src/platform/platform.ts';
import { StaticPlatform } from '../../../src/platform/static/static-platform.ts';
import { atEnd } from '../../at-end.ts';
import { workload } from '../apps.ts';
import type { Driver } from '../behaviour.ts';

export interface Origin {
  readonly address: ListenAddress;
  /** How often it was asked. */
  readonly asked: () => number;
  /** What it answers from now on. */
  become(status: number): void;
  close(): Promise<void>;
}

/** A server that runs already, and tells its version. */
export async function origin(t: TestContext, version: string): Promise<Origin> {
  let status = 200;
  let asked = 0;
  const server: Server = createServer((_, response) => {
    asked += 1;
    response.writeHead(status).end(JSON.stringify({ TEAL_VERSION: version }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  atEnd(t, close);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    asked: () => asked,
    become: (next) => (status = next),
    close,
  };
}

export function staticPlatform(t: TestContext, hooks: PlatformHooks): StaticPlatform {
  const platform = new StaticPlatform({ hooks });
  atEnd(t, () => platform.close());
  return platform;
}

export const staticDriver: Driver = {
  name: 'static',
  create: staticPlatform,
  again: staticPlatform,
  async prepare(t) {
    const v1 = await Promise.all([origin(t, 'v1'), origin(t, 'v1'), origin(t, 'v1')]);
    const v2 = await origin(t, 'v2');
    const sick = await origin(t, 'sick');
    sick.become(500);
    const at = (version: string, all: readonly Origin[]) =>
      workload(
        '/',
        { origins: { versions: { [version]: all.map(({ address }) => address) }, addresses: [] } },
        { version },
      );
    return {
      of: (version, instances) => at(version, version === 'v1' ? v1.slice(0, instances) : [v2]),
      sick: at('sick', [sick]),
    };
  },
  processes: null,
};
