import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import type { UpstreamPolicy } from '../../src/config/config.ts';
import type { ClientLimits, ListenAddress } from '../../src/config/router.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Engine } from '../../src/router/embedded/engine.ts';
import { Entrance } from '../../src/router/embedded/entrance.ts';
import { bindListener, boundAddress } from '../../src/router/embedded/listen-handle.ts';
import type { ObserverOptions } from '../../src/router/embedded/observer.ts';
import { Observer } from '../../src/router/embedded/observer.ts';
import { trustedList } from '../../src/router/embedded/peer.ts';
import { Terminator } from '../../src/router/embedded/tls/terminator.ts';
import type { AppTable, Endpoint, RoutingTable } from '../../src/router/table.ts';
import { issue } from './certificates.ts';

/** What clients come over: `over-tls.test.ts` runs the tables of the other files once more, encrypted. */
export const transport: 'plain' | 'tls' = process.env['TEAL_TEST_TRANSPORT'] === 'tls' ? 'tls' : 'plain';

export const previewKey = Buffer.from('a key for tests, not a secret').toString('base64url');

export const limits: ClientLimits = {
  headBytes: 16_384,
  headers: 100,
  headTimeoutMs: 5_000,
  idleTimeoutMs: 10_000,
  connections: 10_000,
};

export const upstream: UpstreamPolicy = {
  connectTimeoutMs: 2_000,
  responseTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  keepAliveMs: 5_000,
  maxBodyBytes: null,
  protocol: 'http1',
};

export function endpoint(id: string, port: number, role = 'web'): Endpoint {
  return { id, role, host: '127.0.0.1', port };
}

/** One app on every host, blue live as v1. */
export function appTable(more: Partial<AppTable> = {}): AppTable {
  return {
    app: 'shop',
    live: 'blue',
    routes: [{ role: 'web', hosts: [], paths: ['/'] }],
    environments: { blue: null, green: null },
    maintenance: null,
    previewKey,
    drain: { streams: 'drain', deadlineMs: 5_000 },
    upstream,
    ...more,
  };
}

export function tableOf(generation: number, ...apps: AppTable[]): RoutingTable {
  return { generation, apps };
}

/** A raw TCP server: framing is what is tested, so nothing may be between the test and the bytes. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** All bytes received, of all connections. */
  received: string;
  connections: number;
  readonly sockets: Set<Socket>;
}

export type OnRequest = (socket: Socket, text: string, connection: number) => void;

/** Calls `onData` with everything received on a connection so far, whenever more has come. */
export async function rawOrigin(onData: OnRequest): Promise<Origin> {
  const sockets = new Set<Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const number = ++origin.connections;
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      origin.received += data.toString('latin1');
      onData(socket, text, number);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server);
  const origin: Origin = {
    port: portOf(server),
    received: '',
    connections: 0,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
  return origin;
}

/** An origin that answers every complete request head with `answer`; bodies are left unread. */
export function answering(answer: string | ((text: string) => string)): Promise<Origin> {
  const seen = new WeakMap<Socket, number>();
  return rawOrigin((socket, text) => {
    let from = seen.get(socket) ?? 0;
    for (;;) {
      const end = text.indexOf('\r\n\r\n', from);
      if (end < 0) break;
      const head = text.slice(from, end + 4);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) break;
      if (/^transfer-encoding: chunked/im.test(head) && !text.includes('0\r\n', end)) break;
      const whole = /^transfer-encoding/im.test(head) ? text.slice(from) : text.slice(from, end + 4 + length);
      from += whole.length;
      seen.set(socket, from);
      socket.write(typeof answer === 'string' ? answer : answer(whole), 'latin1');
    }
  });
}

export function ok(body: string, ...lines: string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n');
}

/** An engine in this process, on a port of its own. */
export interface Proxy extends AsyncDisposable {
  readonly engine: Engine;
  readonly port: number;
  use(table: RoutingTable): void;
}

export interface ProxyOptions {
  readonly client?: Partial<ClientLimits>;
  readonly trusted?: readonly string[];
  readonly proxies?: readonly string[];
  readonly httpsPort?: number;
  readonly acme?: ListenAddress;
  readonly hstsSeconds?: number;
  readonly observe?: Partial<ObserverOptions>;
  readonly trace?: boolean;
}

const silent = { log: null, query: 'names', timing: 'off' } as const;

export async function proxy(table: RoutingTable | null, options: ProxyOptions = {}): Promise<Proxy> {
  const trustedProxies = trustedList(options.trusted ?? []);
  const { acme = null, hstsSeconds = null, httpsPort = null } = options;
  const engine = new Engine({
    client: { ...limits, ...options.client },
    trustedProxies,
    observer:
      options.observe === undefined ? null : new Observer({ ...silent, trustedProxies, ...options.observe }),
    trace: options.trace ?? false,
    acme,
    hstsSeconds,
  });
  const address = { host: '127.0.0.1', port: 0 };
  const handle = await bindListener(address);
  const { port } = boundAddress(handle);
  const entrance = new Entrance(engine, {
    proxies: trustedList(options.proxies ?? []),
    terminator: transport === 'tls' ? terminator() : null,
    httpsPort,
    wantListeners: () => {},
  });
  entrance.listen({ handle, speech: transport === 'tls' ? 'tls' : 'http1' });
  const use = (next: RoutingTable) => engine.commit(compileTable(next, engine.registry));
  if (table !== null) use(table);
  return {
    engine,
    port,
    use,
    async [Symbol.asyncDispose]() {
      entrance.close();
      engine.close();
    },
  };
}

function terminator(): Terminator {
  const { certificate, key } = issue({ names: ['shop.test'] });
  return new Terminator(
    { config: { minVersion: 'TLSv1.2', clientCertificates: null }, protocols: ['http/1.1'] },
    {
      pairs: [{ certificate, key, names: ['shop.test'] }],
      incomplete: false,
      authorities: null,
      ticketKeys: Buffer.alloc(48).toString('base64'),
    },
  );
}

/** The usual case: one app, one origin, blue live. */
export function proxyTo(
  origin: Origin,
  more: Partial<AppTable> = {},
  options: ProxyOptions = {},
): Promise<Proxy> {
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  return proxy(tableOf(1, appTable({ environments, ...more })), options);
}

/** A client that sees every byte. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  closed = false;
  error: Error | null = null;
  readonly #tcp: Socket;
  #wake: (() => void)[] = [];

  constructor(port: number, over: typeof transport = transport) {
    this.#tcp = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.socket = over === 'tls' ? tls.connect({ socket: this.#tcp, rejectUnauthorized: false }) : this.#tcp;
    this.socket.on('data', (data: Buffer) => {
      this.text += data.toString('latin1');
      this.#changed();
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Waits until `done` holds; fails with what has come so far. */
  async until(done: (client: this) => boolean, ms = 10_000): Promise<string> {
    const deadline = Date.now() + ms;
    while (!done(this)) {
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(
          `waited ${ms} ms; so far: ${JSON.stringify(this.text.slice(0, 2000))} ended=${this.ended}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.text;
  }

  has(part: string, ms?: number): Promise<string> {
    return this.until((client) => client.text.includes(part), ms);
  }

  end(ms?: number): Promise<string> {
    return this.until((client) => client.ended || client.closed, ms);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Ends with RST. */
  reset(): void {
    this.#tcp.resetAndDestroy();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Sends one request on a connection of its own, and returns everything until the connection ends. */
export async function exchange(port: number, request: string): Promise<string> {
  const client = new RawClient(port);
  try {
    return await client.send(request).end();
  } finally {
    client.close();
  }
}

export function get(path = '/', ...lines: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: shop.test', ...lines, '', ''].join('\r\n');
}

/** A GET after which the connection is closed. */
export function lastGet(path = '/', ...lines: string[]): string {
  return get(path, 'Connection: close', ...lines);
}

export async function until(
  done: () => boolean | Promise<boolean>,
  what: string,
  ms = 15_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
