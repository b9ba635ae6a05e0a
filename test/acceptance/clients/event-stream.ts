import type { Socket } from 'node:net';
import { ResponseReader } from '../../../src/load/response.ts';
import { enter, type Door } from './door.ts';

/** How an event stream ended. */
export interface StreamEnd {
  readonly version: string;
  readonly ticks: number;
  /** Numbers that were left out between two ticks. */
  readonly missing: number;
  /** `by us` · `ended`: with the last chunk, as a response should · `broken`: in the middle. */
  readonly how: 'by us' | 'ended' | 'broken';
  readonly endedAt: number;
}

/** A client of the shop's ticks (`/events`), which are numbered, so that none can be lost unseen. */
export class EventStream {
  /** The version that ticks first. */
  readonly greeted: Promise<string>;
  readonly ended: Promise<StreamEnd>;
  readonly #socket: Socket;
  readonly #greet = Promise.withResolvers<string>();
  readonly #end = Promise.withResolvers<StreamEnd>();
  readonly #reader: ResponseReader;
  #text = '';
  #version = '';
  #ticks = 0;
  #missing = 0;
  #last = -1;
  #byUs = false;
  #over = false;
  #port = 0;

  constructor(door: Door | number) {
    this.greeted = this.#greet.promise;
    this.greeted.catch(() => undefined);
    this.ended = this.#end.promise;
    this.#reader = new ResponseReader('GET', { head: () => undefined, body: (chunk) => this.#body(chunk) });
    this.#socket = enter(door);
    this.#socket.on('connect', () => {
      this.#port = this.#socket.localPort ?? 0;
      this.#socket.write('GET /events HTTP/1.1\r\nHost: shop\r\nAccept: text/event-stream\r\n\r\n');
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#reader.feed(chunk);
      if (this.#reader.done) this.#finish();
    });
    for (const event of ['end', 'close', 'error'] as const) this.#socket.on(event, () => this.#finish());
  }

  /** Ours; 0 before it is connected. */
  get localPort(): number {
    return this.#port;
  }

  get ticks(): number {
    return this.#ticks;
  }

  async close(): Promise<StreamEnd> {
    this.#byUs = !this.#over;
    this.#finish();
    return await this.ended;
  }

  #body(chunk: Buffer): void {
    this.#text += chunk.toString();
    const events = this.#text.split('\n\n');
    this.#text = events.pop() ?? '';
    for (const event of events) {
      const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? 'null') as {
        version: string;
        tick: number;
      };
      this.#version = data.version;
      this.#missing += data.tick - this.#last - 1;
      this.#last = data.tick;
      this.#ticks += 1;
      this.#greet.resolve(this.#version);
    }
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#greet.reject(new Error('the stream ended before its first tick'));
    this.#end.resolve({
      version: this.#version,
      ticks: this.#ticks,
      missing: this.#missing,
      how: this.#byUs ? 'by us' : this.#reader.done ? 'ended' : 'broken',
      endedAt: Date.now(),
    });
    this.#socket.destroy();
  }
}
