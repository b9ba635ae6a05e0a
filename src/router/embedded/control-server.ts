import { chmod, unlink } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import net from 'node:net';
import { TealError } from '../../errors.ts';
import { Link } from './link.ts';
import type { Handler } from './rpc.ts';
import { Answerer } from './rpc.ts';

/** The unix socket by which the control plane speaks to this router. Whoever may open it may do everything: 0600. */
export class ControlServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens at `path`. A socket file that nobody answers on is a leftover, and replaced.
   * @throws TealError `already-running` when another router answers there
   */
  static async listen(
    path: string,
    handler: Handler,
  ): Promise<{ control: ControlServer; leftover: boolean }> {
    const state = await probe(path);
    if (state === 'answers') {
      throw new TealError('already-running', `a router already runs for this data directory (${path})`, {
        remedy: 'Stop it first, or use another data directory.',
        details: { socket: path },
      });
    }
    if (state === 'dead') await unlink(path);
    const server = net.createServer();
    const control = new ControlServer(server);
    server.on('connection', (socket) => control.#serve(socket, handler));
    await new Promise<void>((resolve, reject) => {
      // Kept: an error of a later accept (too many open files) must not end the router.
      server.on('error', reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
    return { control, leftover: state === 'dead' };
  }

  /** Also removes the socket file. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.end();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket, handler: Handler): void {
    this.#sockets.add(socket);
    const link = new Link(socket, (message) => answerer.receive(message));
    const answerer = new Answerer((message) => link.send(message), handler);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      answerer.close();
    });
  }
}

function probe(path: string): Promise<'answers' | 'dead' | 'absent'> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve('answers');
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? 'absent' : 'dead'),
    );
  });
}
