import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { BodyReader } from './body.ts';
import { reframe } from './body.ts';
import type { EndpointState } from './endpoint.ts';
import { readBytes, room, send } from './scratch.ts';

/** Who uses an upstream connection at the moment. */
export interface UpstreamOwner {
  upstreamConnected(): void;
  /** `data` is borrowed: the kernel's next read overwrites it. */
  upstreamData(data: Buffer): void;
  /** The app has ended its side. @param trailer field lines when it said that all is there; null when it only closed */
  upstreamEnded(trailer: string | null): void;
  upstreamClosed(error: Error | null): void;
  upstreamDrained(): void;
}

/** One request's way to an instance: a connection of HTTP/1.1, or a stream in a session of HTTP/2. */
export interface UpstreamLink {
  readonly connected: boolean;
  /** It has answered before, so the app may close it just as we send. */
  readonly reused: boolean;
  /** The app says that it has done nothing with this request: it may be sent again, whatever it is. */
  readonly refused: boolean;
  /** The end of the answer's body comes apart from it. */
  readonly endsApart: boolean;
  /** How long the app keeps it idle: announced, or configured. */
  keepAliveMs: number;
  /** Sends the head, and with `then` the start of the body, in as few packets as that needs. */
  sendHead(text: string, then: (() => void) | null): void;
  /** Sends what `body` last decoded of `data`; with the end and the trailer when it is done. @returns false when the app is slower */
  sendBody(data: Buffer, body: BodyReader, trailer: string): boolean;
  /** Held back by us. */
  readonly paused: boolean;
  pause(): void;
  resume(): void;
  /** Gives it back for the next request, unless it may not be used again. */
  keep(): void;
  destroy(): void;
}

/**
 * One read buffer for all upstream connections of a process: reads are handled synchronously, so no two are alive
 * at a time, and 10 000 connections cost no buffers. Whoever keeps bytes copies them.
 */
const readBuffer = Buffer.allocUnsafeSlow(readBytes);

/** One connection to an endpoint: at any time owned by one exchange, or idle in the endpoint's pool. */
export class Upstream implements UpstreamLink {
  readonly refused = false;
  readonly endsApart = false;
  readonly endpoint: EndpointState;
  readonly socket: Socket;
  owner: UpstreamOwner | null;
  connected = false;
  reused = false;
  /** `performance.now()` when it became idle. */
  idleSince = 0;
  keepAliveMs: number;
  #error: Error | null = null;

  constructor(endpoint: EndpointState, owner: UpstreamOwner, keepAliveMs: number) {
    this.endpoint = endpoint;
    this.owner = owner;
    this.keepAliveMs = keepAliveMs;
    this.socket = connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      allowHalfOpen: true,
      onread: { buffer: readBuffer, callback: (size, buffer) => this.#read(size, buffer) },
    });
    this.socket.on('connect', () => {
      this.connected = true;
      this.owner?.upstreamConnected();
    });
    this.socket.on('end', () => {
      if (this.owner === null) this.destroy();
      else this.owner.upstreamEnded(null);
    });
    this.socket.on('error', (error) => {
      this.#error = error;
    });
    this.socket.on('drain', () => this.owner?.upstreamDrained());
    this.socket.on('close', () => this.#closed());
  }

  sendHead(text: string, then: (() => void) | null): void {
    if (then === null) {
      this.socket.write(text, 'latin1');
      return;
    }
    this.socket.cork();
    this.socket.write(text, 'latin1');
    then();
    this.socket.uncork();
  }

  sendBody(data: Buffer, body: BodyReader, trailer: string): boolean {
    const content = reframe(data, body, { chunked: body.kind !== 'length', trailer, into: room });
    return content === null || send(this.socket, content);
  }

  get paused(): boolean {
    return this.socket.isPaused();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  keep(): void {
    this.owner = null;
    if (this.endpoint.gone || this.socket.destroyed || this.socket.readableEnded || this.keepAliveMs <= 0) {
      this.destroy();
      return;
    }
    if (this.socket.isPaused()) this.socket.resume();
    this.reused = true;
    this.idleSince = performance.now();
    this.endpoint.idle.push(this);
  }

  destroy(): void {
    this.owner = null;
    this.socket.destroy();
  }

  #read(size: number, buffer: Uint8Array): boolean {
    // Bytes that nobody asked for: whatever they are, the next request must not get them as its answer.
    if (this.owner === null) this.destroy();
    else this.owner.upstreamData((buffer as Buffer).subarray(0, size));
    return true;
  }

  #closed(): void {
    const at = this.endpoint.idle.indexOf(this);
    if (at >= 0) this.endpoint.idle.splice(at, 1);
    const { owner } = this;
    this.owner = null;
    owner?.upstreamClosed(this.#error);
  }
}

const ownFaults: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);

/** A connection could not be made for lack of something on our side: it says nothing of the endpoint. */
export function isOwnFault(error: Error): boolean {
  return ownFaults.has((error as NodeJS.ErrnoException).code);
}

/** Keeps some distance to the moment at which the app closes by itself. */
const idleShare = 0.9;

/**
 * An idle connection of the endpoint, the most recently used one, or null.
 * @param careful for requests that cannot be sent twice: only one idle for less than half of the app's keep-alive
 *   time, since a request that meets the app's close on the wire would be lost
 */
export function takeIdle(endpoint: EndpointState, careful: boolean, now: number): Upstream | null {
  const { idle } = endpoint;
  for (let upstream = idle.pop(); upstream !== undefined; upstream = idle.pop()) {
    const age = now - upstream.idleSince;
    if (age >= upstream.keepAliveMs * idleShare || upstream.socket.destroyed) {
      upstream.destroy();
    } else if (careful && age > upstream.keepAliveMs / 2) {
      // The ones below are older still.
      idle.push(upstream);
      return null;
    } else {
      return upstream;
    }
  }
  return null;
}

/** Closes what has been idle too long to be used again. */
export function closeStale(endpoint: EndpointState, now: number): void {
  for (const upstream of endpoint.idle) {
    if (now - upstream.idleSince >= upstream.keepAliveMs * idleShare) upstream.destroy();
  }
  for (const session of endpoint.sessions) {
    if (session.isStale(now)) session.close();
  }
}
