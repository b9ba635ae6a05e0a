/** A wire between a client and a server that can be held, cut, and cut at a word. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export class Wire {
  readonly port: number;
  readonly #server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #held = false;
  #refusing = false;
  #cutAt: string | null = null;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async to(port: number): Promise<Wire> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const wire = new Wire(server);
    server.on('connection', (client) => wire.#join(client, port));
    return wire;
  }

  /** From now on nothing goes through, in either direction; connections stay open, as when a machine freezes. */
  hold(): void {
    this.#held = true;
    for (const [client, server] of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  release(): void {
    this.#held = false;
    for (const [client, server] of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Ends every connection, and refuses new ones until `mend`. */
  cut(): void {
    this.#refusing = true;
    this.#drop();
  }

  mend(): void {
    this.#refusing = false;
  }

  /** The next time a client says this, it is passed on, and the connection ends before the answer. @param forGood new ones are refused then */
  cutAt(word: string, forGood = false): Promise<void> {
    this.#cutAt = word;
    return new Promise((resolve) => {
      this.#onCut = () => {
        if (forGood) this.cut();
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#drop();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #onCut: () => void = () => undefined;

  #drop(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(client: Socket, port: number): void {
    client.on('error', () => undefined);
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    server.on('error', () => undefined);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
    if (this.#held) for (const socket of pair) socket.pause();
    server.on('data', (chunk: Buffer) => client.write(chunk));
    client.on('data', (chunk: Buffer) => {
      if (this.#cutAt === null || !chunk.includes(this.#cutAt)) {
        server.write(chunk);
        return;
      }
      this.#cutAt = null;
      client.destroy();
      // Closed by `end` only when the server has it.
      client.removeListener('close', end);
      server.end(chunk, () => {
        end();
        this.#onCut();
      });
    });
  }
}
