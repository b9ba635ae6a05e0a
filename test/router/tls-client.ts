/** TLS clients for tests: one that shakes hands and asks, and one that never stops asking. */
import { once } from 'node:events';
import https from 'node:https';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import tls from 'node:tls';

/** Shakes hands; rejects with what the client saw. */
export async function connect(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  const failed = once(socket, 'error').then(([error]) => Promise.reject(error as Error));
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('closed in the handshake')));
  failed.catch(() => {});
  closed.catch(() => {});
  await Promise.race([once(socket, 'secureConnect'), failed, closed]);
  return socket;
}

/** A session that can be resumed: by TLS 1.3 one comes some time after the handshake. */
export async function sessionOf(port: number, options: ConnectionOptions = {}): Promise<Buffer> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  const [[session]] = (await Promise.all([once(socket, 'session'), ask(socket)])) as [[Buffer], string];
  return session;
}

/** Everything that comes for one request, until the connection ends. */
export async function ask(socket: TLSSocket, ...lines: readonly string[]): Promise<string> {
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  socket.write(['GET / HTTP/1.1', 'Host: shop.test', 'Connection: close', ...lines, '', ''].join('\r\n'));
  // An error shows in what has come.
  await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {});
  socket.destroy();
  return text;
}

/** The common name that a server shows for a name. */
export async function shownFor(port: number, servername?: string): Promise<string | undefined> {
  const socket = await connect(port, servername === undefined ? {} : { servername });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return [subject.CN].flat()[0];
}

/** Asks over kept connections, as many at a time, until told to stop; says what went wrong, and what else it saw. */
export class Hammer {
  answered = 0;
  readonly failures: string[] = [];
  readonly bodies: string[] = [];
  readonly #agent: https.Agent;
  readonly #options: https.RequestOptions;
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(port: number, at = 8, more: https.RequestOptions = {}) {
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: at, maxCachedSessions: 0 });
    const shared = { host: '127.0.0.1', port, agent: this.#agent, rejectUnauthorized: false };
    this.#options = { ...shared, servername: 'shop.test', headers: { host: 'shop.test' }, ...more };
    this.#running = Promise.all(Array.from({ length: at }, () => this.#loop()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    for (let index = 0; !this.#stopped; index++) {
      // New connections among the kept ones.
      const options = index % 16 === 0 ? { ...this.#options, agent: false as const } : this.#options;
      try {
        this.bodies.push(await get(options));
        this.answered++;
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }
}

function get(options: https.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.get(options, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`)),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
