/** Servers that are there, and do not answer. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from '../../at-end.ts';

export interface Deaf {
  readonly url: string;
  /** How many connections it has taken, and how many of them are open. */
  readonly taken: () => number;
  readonly open: () => number;
  /** It answers nothing more, to nobody, and closes nothing. */
  silence(): void;
}

/** Takes connections and never says a word. */
export const mute = (t: TestContext): Promise<Deaf> => deafAt(t, 'postgres://teal@127.0.0.1/deaf', null);

/**
 * A server behind a line that goes dead when somebody asks it for something.
 * @param until what a client says that is not answered any more, nor anything after it
 */
export const dying = (t: TestContext, url: string, until: string): Promise<Deaf> => deafAt(t, url, until);

async function deafAt(t: TestContext, url: string, until: string | null): Promise<Deaf> {
  const sockets = new Set<Socket>();
  let taken = 0;
  let silent = until === null;
  const behind = new URL(url);
  const target = { host: behind.hostname, port: Number(behind.port || 5432) };
  const own = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    return socket.on('close', () => sockets.delete(socket));
  };
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (client) => {
    taken++;
    clients.add(own(client).on('close', () => clients.delete(client)));
    // What is not read is never answered, and its end would not be heard.
    if (silent) return void client.resume();
    const line = own(connect(target));
    let dead = false;
    client.on('data', (bytes) => {
      dead ||= silent || (until !== null && bytes.includes(until));
      if (!dead) line.write(bytes);
    });
    line.on('data', (bytes) => {
      if (!dead && !silent) client.write(bytes);
    });
    client.on('close', () => line.destroy());
    line.on('close', () => {
      if (!dead && !silent) client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const shown = new URL(url);
  shown.hostname = '127.0.0.1';
  shown.port = String((server.address() as AddressInfo).port);
  return {
    url: shown.href,
    taken: () => taken,
    open: () => clients.size,
    silence: () => {
      silent = true;
    },
  };
}
