import { rmSync } from 'node:fs';
import { chmod, rename, rm, unlink } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import net from 'node:net';
import { TealError } from '../../errors.ts';
import { besidePath, clearBeside } from '../beside.ts';
import { Link } from './link.ts';
import type { Handler } from './rpc.ts';
import { Answerer } from './rpc.ts';

/** The unix socket by which the control plane speaks to this router. Whoever may open it may do everything: 0600. */
export class ControlServer {
  #server: Server;
  readonly #handler: Handler;
  readonly #sockets = new Set<Socket>();
  /** Another process answers at the path now. */
  #left = false;
  /** Where it answers although it was bound elsewhere. */
  #taken: string | null = null;

  private constructor(server: Server, handler: Handler) {
    this.#server = server;
    this.#handler = handler;
  }

  /**
   * Listens at `file`. A socket file that nobody answers on is a leftover, and replaced.
   * @throws TealError `already-running` when another router answers there
   */
  static async listen(
    file: string,
    handler: Handler,
  ): Promise<{ control: ControlServer; leftover: boolean }> {
    const state = await probe(file);
    if (state === 'answers') {
      throw new TealError('already-running', `a router already runs for this data directory (${file})`, {
        remedy: 'Stop it first, or use another data directory.',
        details: { socket: file },
      });
    }
    if (state === 'dead') await unlink(file);
    return { control: await ControlServer.#at(file, handler), leftover: state === 'dead' };
  }

  /** Listens beside `file`, where another router answers until `take`. */
  static async beside(file: string, handler: Handler): Promise<ControlServer> {
    await clearBeside(file);
    const own = besidePath(file);
    // Told to end at once, as when the one before is gone, it has no time to close; moved, it is not there any more.
    process.once('exit', () => rmSync(own, { force: true }));
    return ControlServer.#at(own, handler);
  }

  static async #at(file: string, handler: Handler): Promise<ControlServer> {
    const server = net.createServer();
    const control = new ControlServer(server, handler);
    await control.#listen(server, file);
    return control;
  }

  /** From now on this one answers at `file`, and whoever did no longer: one step, nobody finds nothing there. */
  async take(file: string): Promise<void> {
    await rename(besidePath(file), file);
    this.#taken = file;
  }

  /** Another has taken the path: whoever is connected is sent there. The server stays, since closing it would remove what is there now. */
  leave(): void {
    this.#left = true;
    for (const socket of this.#sockets) socket.end();
  }

  /** One that was to take the path has failed, perhaps after it had taken it: whoever looks there finds this one again. */
  async reclaim(file: string): Promise<void> {
    if ((await probe(file)) === 'answers') return;
    // Removes what is there: the name that this one was bound by.
    this.#server.close();
    await rm(file, { force: true });
    this.#server = net.createServer();
    await this.#listen(this.#server, file);
  }

  /** Also removes the socket file. */
  async close(): Promise<void> {
    if (this.#left) return;
    // The kernel's name of it is the one it was bound by: only that one is removed by closing.
    if (this.#taken !== null) await rm(this.#taken, { force: true });
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.end();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(server: Server, file: string): Promise<void> {
    server.on('connection', (socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      // Kept: an error of a later accept (too many open files) must not end the router.
      server.on('error', reject);
      server.listen(file, resolve);
    });
    await chmod(file, 0o600);
  }

  #serve(socket: Socket): void {
    if (this.#left) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const link = new Link(socket, (message) => answerer.receive(message));
    const answerer = new Answerer((message) => link.send(message), this.#handler);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      answerer.close();
    });
  }
}

function probe(file: string): Promise<'answers' | 'dead' | 'absent'> {
  return new Promise((resolve) => {
    const socket = net.connect(file);
    socket.on('connect', () => {
      socket.destroy();
      resolve('answers');
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? 'absent' : 'dead'),
    );
  });
}
