import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';

/** Serves the API on a unix socket that only this user can open. The data directory's lock is held: a socket left there is nobody's. */
export async function serve(
  fetch: (request: Request) => Response | Promise<Response>,
  socket: string,
): Promise<{ close(): Promise<void> }> {
  await rm(socket, { force: true });
  const server = createAdaptorServer({ fetch }) as Server;
  server.listen(socket);
  await once(server, 'listening');
  await chmod(socket, 0o600);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      // A client that keeps its stream open does not keep Teal from ending.
      setTimeout(() => server.closeAllConnections(), 500).unref();
      await closed;
    },
  };
}
