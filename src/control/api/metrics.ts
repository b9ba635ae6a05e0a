import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { ListenAddress } from '../../config/router.ts';
import { TealError } from '../../errors.ts';
import { contentType } from '../../metrics/exposition.ts';
import type { Deps } from '../deps.ts';
import { metricsText } from '../metrics.ts';

/** `GET /metrics`, and nothing else. */
export function metricsApi(deps: Deps): Hono {
  const app = new Hono();
  app.get('/metrics', async (c) => c.text(await metricsText(deps), 200, { 'content-type': contentType }));
  return app;
}

/** Serves them where Prometheus can reach them. @throws TealError `port-taken` */
export async function serveMetrics(
  app: Hono,
  { host, port }: ListenAddress,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new TealError(
      'port-taken',
      `${host}:${port} cannot be listened on for metrics: ${(cause as Error).message}`,
      {
        remedy: 'name another address in router.metrics',
        details: { host, port },
        cause,
      },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
