import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import type { Arrival } from '../arrival.ts';
import type { Engine } from '../engine.ts';
import type { Peer } from '../peer.ts';
import { peerOf } from '../peer.ts';
import type { StreamEnd, StreamSession } from './client-stream.ts';
import { ClientStream } from './client-stream.ts';
import { Allowance, overhead, resets, sessionOptions, sessionWindow, settings } from './limits.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants;

/**
 * From a GOAWAY to the end of a session without streams: time for its client to read it before a request that crossed it
 * resets the connection. A slow round trip. (A GOAWAY that names all streams and a second one that names the last, as
 * RFC 9113 §6.8 describes, can't be had of `node:http2`: it begins no stream after the first either. So the first names
 * the last stream, and what crosses it is known at once not to have been begun.)
 */
const noticeMs = 1000;
/** A WINDOW_UPDATE (13 bytes, for stream and session) for each kilobyte that we sent is more than any client needs. */
const sentPerOverhead = 32;

const flooded = new Error('the client sends more than it asks for');

/** One client connection of HTTP/2. */
export class ClientSession implements StreamSession {
  readonly socket: Socket;
  readonly engine: Engine;
  readonly peer: Peer;
  readonly everyLines: string;
  readonly #session: ServerHttp2Session;
  readonly #streams = new Set<ClientStream>();
  readonly #resets: Allowance;
  readonly #settings: Allowance;
  readonly #overhead: Allowance;
  /** When a session without streams is closed, or the last step of leaving is taken. */
  #idleUntil: number;
  #leaving: 'no' | 'noticed' | 'closed' = 'no';
  /** Bytes that were due to streams that are over. */
  #allowed = 0;
  /** Bytes beside them, the most that was seen. */
  #beside = 0;

  constructor(socket: Socket, engine: Engine, arrival: Arrival) {
    this.socket = socket;
    this.engine = engine;
    this.peer = peerOf(arrival, engine.trustedProxies);
    this.everyLines = arrival.secure ? engine.hstsLine : '';
    // To send its preface and a first request, a client has no longer than for a head.
    this.#idleUntil = engine.after(engine.limits.headTimeoutMs);
    this.#resets = new Allowance(resets, engine.now);
    this.#settings = new Allowance(settings, engine.now);
    this.#overhead = new Allowance(overhead, engine.now);
    this.#session = performServerHandshake(socket, sessionOptions(engine.limits));
    this.#session.setLocalWindowSize(sessionWindow);
    this.#session.on('stream', (stream, _headers, flags, raw) => {
      this.#begin(stream as ServerHttp2Stream, flags, raw as unknown as string[]);
    });
    this.#session.on('remoteSettings', () => {
      if (!this.#settings.take(this.engine.now)) this.#calm();
    });
    this.#session.on('error', () => {});
    this.#session.on('close', () => this.#closed());
    socket.on('error', () => socket.destroy());
    // Nobody ends half a connection in HTTP/2: what is in flight has lost its reader.
    socket.on('end', () => this.destroy());
    socket.on('close', () => this.#closed());
  }

  /** `engine.now` at which `expire` is called: the earliest of all that goes on here. */
  get deadline(): number {
    if (this.#streams.size === 0 || this.#leaving === 'noticed') return this.#idleUntil;
    let earliest = Infinity;
    for (const { deadline } of this.#streams) earliest = Math.min(earliest, deadline);
    return earliest;
  }

  expire(): void {
    const { now } = this.engine;
    for (const stream of this.#streams) {
      if (stream.deadline <= now) stream.expire();
    }
    if (this.#idleUntil > now) return;
    if (this.#leaving === 'noticed') this.#close();
    else if (this.#streams.size > 0) return;
    else if (this.#leaving === 'closed') this.destroy();
    else this.closeWhenIdle();
  }

  /** To be called now and then: ends a session in which too much comes that carries no request. */
  watch(): void {
    let allowed = this.#allowed + this.socket.bytesWritten / sentPerOverhead;
    for (const stream of this.#streams) allowed += stream.allowed;
    const beside = this.socket.bytesRead - allowed;
    const more = Math.max(0, beside - this.#beside);
    this.#beside = Math.max(beside, this.#beside);
    if (!this.#overhead.take(this.engine.now, more)) this.#calm();
  }

  /** Begins no more streams; ends when those that go on are over. */
  closeWhenIdle(): void {
    if (this.#leaving !== 'no' || this.#session.destroyed) return;
    this.#leaving = 'noticed';
    this.#idleUntil = this.engine.after(noticeMs);
    this.#session.goaway(NGHTTP2_NO_ERROR);
  }

  destroy(): void {
    if (!this.#session.destroyed) this.#session.destroy();
    this.socket.destroy();
  }

  streamOver(stream: ClientStream, how: StreamEnd): void {
    if (!this.#streams.delete(stream)) return;
    this.#allowed += stream.allowed;
    if (this.#streams.size === 0 && this.#leaving === 'no') {
      this.#idleUntil = this.engine.after(this.engine.limits.idleTimeoutMs);
    }
    if (how === 'by-client' && !this.#resets.take(this.engine.now)) this.#calm();
  }

  #begin(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    const request = new ClientStream(this, stream);
    this.#streams.add(request);
    request.begin(raw, (flags & NGHTTP2_FLAG_END_STREAM) !== 0);
  }

  /** What is in flight is lost with it: whoever floods us is not served. */
  #calm(): void {
    if (!this.#session.destroyed) this.#session.destroy(flooded, NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #close(): void {
    this.#leaving = 'closed';
    // For what is begun without end, such as half a head.
    this.#idleUntil = this.engine.after(noticeMs);
    if (!this.#session.destroyed) this.#session.close();
  }

  #closed(): void {
    this.engine.clients.delete(this);
    if (!this.#session.destroyed) this.#session.destroy();
    if (!this.socket.destroyed) this.socket.destroySoon();
  }
}
