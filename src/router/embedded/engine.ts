import { randomBytes } from 'node:crypto';
import type { BlockList, Socket } from 'node:net';
import type { ClientLimits, ListenAddress } from '../../config/router.ts';
import { AcmeClient, isChallenge } from './acme.ts';
import type { Arrival } from './arrival.ts';
import { Client } from './client.ts';
import { ClientSession } from './http2/client-session.ts';
import type { CompiledTable } from './compiled-table.ts';
import { Copies } from './mirror/copies.ts';
import type { Moment } from './balance.ts';
import { Registry } from './registry.ts';
import type { Share } from './share.ts';
import { whole } from './share.ts';
import { FlagHost } from './flags/flag-host.ts';
import type { EndpointState } from './endpoint.ts';
import type { Observer } from './observer.ts';
import { RequestHead } from './request-head.ts';
import { ResponseHead } from './response-head.ts';
import { closeStale } from './upstream.ts';

/** Time-outs are this exact. One sweep costs less than a timer per request. */
const tickMs = 100;
/** A tick that comes this late had to wait for something that took all the time. */
const longestLate = 5 * tickMs;
/** Every how many ticks idle upstream connections are looked through. */
const staleEvery = 10;
/** For the first request of a session that begins while its worker retires. */
const lateNoticeMs = 1000;
/** And sessions of HTTP/2 for floods. */
const watchEvery = 5;

export interface EngineOptions {
  readonly client: ClientLimits;
  readonly trustedProxies: BlockList;
  /** All of what is limited, unless there are other workers. */
  readonly share?: Share;
  /** Where ACME challenges go; as other requests when left out. */
  readonly acme?: ListenAddress | null;
  /** Of Strict-Transport-Security on encrypted connections; none when left out. */
  readonly hstsSeconds?: number | null;
  /** None when left out. */
  readonly observer?: Observer | null;
  /** Whether `traceparent` is read, and given to requests that have none. */
  readonly trace?: boolean;
}

/** A client's connection, whatever it speaks. */
interface Connection {
  readonly socket: Socket;
  /** `engine.now` at which `expire` is called. */
  readonly deadline: number;
  expire(): void;
  closeWhenIdle(): void;
  destroy(): void;
}

/** The proxy of one worker: its one table, its connections, its clock. Takes sockets from whoever accepts them. */
export class Engine {
  readonly limits: ClientLimits;
  readonly trustedProxies: BlockList;
  /** Null: nobody wants to know, and nothing is made for it. */
  readonly observer: Observer | null;
  readonly trace: boolean;
  readonly registry: Registry;
  readonly copies: Copies;
  readonly flags: FlagHost;
  readonly clients: Set<Connection> = new Set();
  readonly requestHead: RequestHead;
  readonly responseHead: ResponseHead = new ResponseHead();
  /** The connection lines of a response to HTTP/1.1 after which the connection is kept. */
  readonly keepLines: string;
  /** A header line for encrypted connections, or nothing. */
  readonly hstsLine: string;
  /** `performance.now()` of the last tick. Late by up to `tickMs`. */
  now: number = performance.now();
  /** Responses from now on end their connection, and say so. */
  closing = false;
  /** Also those whose last response has not said so. */
  hangsUp = false;
  #table: CompiledTable | null = null;
  readonly #acme: AcmeClient | null;
  readonly #timer: NodeJS.Timeout;
  readonly #idPrefix: string = randomBytes(6).toString('hex');
  #ids = 0;
  #ticks = 0;
  #stalled = false;

  constructor(options: EngineOptions) {
    this.limits = options.client;
    this.trustedProxies = options.trustedProxies;
    this.registry = new Registry(options.share ?? whole, () => this.moment());
    this.copies = new Copies(this);
    this.flags = new FlagHost(() => this.moment());
    this.observer = options.observer ?? null;
    this.trace = options.trace ?? false;
    this.requestHead = new RequestHead(options.client.headers);
    this.keepLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.client.idleTimeoutMs / 1000)}\r\n`;
    const { acme = null, hstsSeconds = null } = options;
    this.#acme = acme === null ? null : new AcmeClient(acme, () => this.moment());
    this.hstsLine = hstsSeconds === null ? '' : `Strict-Transport-Security: max-age=${hstsSeconds}\r\n`;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  get table(): CompiledTable | null {
    return this.#table;
  }

  /** The table in force, but for ACME challenges when they go elsewhere. */
  tableFor(target: string): CompiledTable | null {
    return this.#acme !== null && isChallenge(target) ? this.#acme.table : this.#table;
  }

  /**
   * The swap (invariant 2): one reference. A request that was sent before stays counted where it is; one that still
   * waits where nobody is sent any more is decided again, before anything else happens.
   */
  commit(table: CompiledTable): void {
    const previous = this.#table;
    this.#table = table;
    this.copies.adopt(table);
    for (const waiter of this.registry.adopt(table, previous)) waiter.decideAgain();
    this.flags.adopt(table);
  }

  moment(): Moment {
    return { now: this.now, random: Math.random };
  }

  accept(socket: Socket, arrival: Arrival): void {
    this.clients.add(new Client(socket, this, arrival));
  }

  /** For a connection on which HTTP/2 was agreed (ALPN `h2`), or is known to be spoken. Nothing of it has been read. */
  acceptHttp2(socket: Socket, arrival: Arrival): void {
    const session = new ClientSession(socket, this, arrival);
    this.clients.add(session);
    // It was on its way in when this worker began to retire, and may have a first request on its way, too.
    if (this.closing) setTimeout(() => session.closeWhenIdle(), lateNoticeMs).unref();
  }

  /** A moment `ms` from now, never too early although `now` may be late. */
  after(ms: number): number {
    return this.now + ms + tickMs;
  }

  nextRequestId(): string {
    return `${this.#idPrefix}-${(this.#ids++).toString(36)}`;
  }

  /**
   * Takes leave of everybody without crossing anybody: an idle connection of HTTP/1.1 is not closed (a request may be on
   * its way to it) before it has had one more answer, which says that it is the last, or has been idle for as long as
   * its client was told. One of HTTP/2 is told which of its streams was the last.
   */
  startRetiring(): void {
    this.closing = true;
    for (const client of this.clients) if (client instanceof ClientSession) client.closeWhenIdle();
  }

  /** Lets requests in flight end, closes every idle connection. */
  startClosing(): void {
    this.closing = true;
    this.hangsUp = true;
    this.flags.end();
    for (const client of this.clients) client.closeWhenIdle();
  }

  /** Destroys everything. */
  close(): void {
    clearInterval(this.#timer);
    this.copies.close();
    this.flags.end();
    for (const client of this.clients) client.destroy();
    for (const endpoint of this.#endpoints()) {
      for (const upstream of endpoint.idle.splice(0)) upstream.destroy();
      for (const session of endpoint.sessions.splice(0)) session.destroy();
    }
  }

  #tick(): void {
    const last = this.now;
    this.now = performance.now();
    // After a stall of this process, what came meanwhile is still to be read: it is not the others that were silent.
    this.#stalled = this.now - last >= longestLate && !this.#stalled;
    if (!this.#stalled) this.#expire();
    this.registry.taps.tick(this.now);
    this.#ticks++;
    if (this.#ticks % watchEvery === 0) {
      for (const client of this.clients) if (client instanceof ClientSession) client.watch();
    }
    if (this.#ticks % staleEvery !== 0) return;
    for (const endpoint of this.#endpoints()) closeStale(endpoint, this.now);
    this.#acme?.registry.age(this.#acme.table, this.now);
    this.registry.age(this.#table, this.now);
  }

  #expire(): void {
    for (const client of this.clients) {
      if (client.deadline <= this.now) client.expire();
    }
    this.copies.expire(this.now);
  }

  *#endpoints(): Iterable<EndpointState> {
    yield* this.registry.endpoints.values();
    yield* this.copies.endpoints.values();
    if (this.#acme !== null) yield* this.#acme.registry.endpoints.values();
  }
}
