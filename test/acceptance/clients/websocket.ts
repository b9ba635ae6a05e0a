import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { enter, type Door } from './door.ts';

/** How a WebSocket ended. */
export interface WebSocketEnd {
  readonly version: string;
  readonly sent: number;
  readonly echoed: number;
  /** `by us`: we said goodbye and were answered · `closed`: they did, with a code · `broken`: neither. */
  readonly how: 'by us' | 'closed' | 'broken';
  /** Of their close frame; null when there was none. */
  readonly code: number | null;
  readonly endedAt: number;
}

/**
 * A client of the shop's echo (RFC 6455), which sends a message every so often, and counts what comes back.
 */
export class WebSocketClient {
  /** The version that answered the handshake. */
  readonly greeted: Promise<string>;
  readonly ended: Promise<WebSocketEnd>;
  readonly #socket: Socket;
  readonly #greet = Promise.withResolvers<string>();
  readonly #end = Promise.withResolvers<WebSocketEnd>();
  readonly #timer: NodeJS.Timeout;
  #buffer: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #version = '';
  #sent = 0;
  #echoed = 0;
  #code: number | null = null;
  #saidGoodbye = false;
  #over = false;
  #port = 0;

  constructor(door: Door | number, everyMs = 40) {
    this.greeted = this.#greet.promise;
    this.greeted.catch(() => undefined);
    this.ended = this.#end.promise;
    this.#socket = enter(door);
    this.#socket.on('connect', () => {
      this.#port = this.#socket.localPort ?? 0;
      this.#socket.write(
        'GET /ws HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      );
    });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    for (const event of ['end', 'close', 'error'] as const) this.#socket.on(event, () => this.#finish());
    this.#timer = setInterval(() => this.#say(), everyMs);
  }

  /** Ours; 0 before it is connected. */
  get localPort(): number {
    return this.#port;
  }

  get echoed(): number {
    return this.#echoed;
  }

  /** Says goodbye after every message has come back; resolves when it has been answered. */
  async close(): Promise<WebSocketEnd> {
    clearInterval(this.#timer);
    const patience = performance.now() + 3000;
    while (!this.#over && this.#echoed < this.#sent && performance.now() < patience)
      await new Promise((resolve) => setTimeout(resolve, 5));
    this.#saidGoodbye = true;
    if (!this.#over) this.#socket.write(masked(8, Buffer.from([0x03, 0xe8])));
    return await this.ended;
  }

  /** Stops talking; goes on listening. */
  silence(): void {
    clearInterval(this.#timer);
  }

  #say(): void {
    if (!this.#upgraded || this.#version === '' || this.#code !== null) return;
    this.#sent += 1;
    this.#socket.write(masked(1, Buffer.from(`message ${this.#sent}`)));
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (!this.#upgraded && !this.#upgrade()) return;
    for (;;) {
      const frame = parse(this.#buffer);
      if (frame === null) return;
      this.#buffer = this.#buffer.subarray(frame.bytes);
      this.#take(frame.opcode, frame.payload);
    }
  }

  #upgrade(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = this.#buffer.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#greet.reject(new Error(`no WebSocket: ${head.split('\r\n')[0]}`));
      this.#socket.destroy();
      return false;
    }
    this.#buffer = this.#buffer.subarray(end + 4);
    this.#upgraded = true;
    return true;
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === 8) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE() : 1005;
      if (!this.#saidGoodbye) this.#socket.write(masked(8, payload));
      this.#socket.end();
    } else if (this.#version === '') {
      this.#version = (JSON.parse(payload.toString()) as { version: string }).version;
      this.#greet.resolve(this.#version);
    } else if (payload.toString() === `message ${this.#echoed + 1}`) {
      this.#echoed += 1;
    }
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    this.#greet.reject(new Error('the connection ended before the greeting'));
    const clean = this.#code !== null;
    this.#end.resolve({
      version: this.#version,
      sent: this.#sent,
      echoed: this.#echoed,
      how: !clean ? 'broken' : this.#saidGoodbye ? 'by us' : 'closed',
      code: this.#code,
      endedAt: Date.now(),
    });
    this.#socket.destroy();
  }
}

/** A client's frame, which has to be masked; the mask of zeros is as good as any here. */
function masked(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** A server's frame; those of the shop are short. */
function parse(buffer: Buffer): { opcode: number; payload: Buffer; bytes: number } | null {
  const length = buffer[1];
  if (length === undefined || buffer.length < 2 + length) return null;
  return { opcode: (buffer[0] ?? 0) & 0x0f, payload: buffer.subarray(2, 2 + length), bytes: 2 + length };
}
