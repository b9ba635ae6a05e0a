import { setTimeout as sleep } from 'node:timers/promises';
import { EventStream } from '../../test/acceptance/clients/event-stream.ts';
import { WebSocketClient } from '../../test/acceptance/clients/websocket.ts';
import type { Broken } from './blame.ts';

const shortestMs = 300;
const longestMs = 6000;

export interface StreamCounts {
  readonly opened: number;
  /** By us, with every message answered and no tick missing. */
  readonly whole: number;
  /** By Teal or the app, in a clean way: its version was drained or stopped. */
  readonly closed: number;
}

/** WebSockets and event streams, one after the other on each lane. */
export class Streams {
  readonly broken: Broken[] = [];
  readonly counts = { opened: 0, whole: 0, closed: 0 };
  readonly #port: number;
  readonly #random: () => number;
  readonly #over = new AbortController();
  readonly #running: readonly Promise<void>[];

  constructor(port: number, lanes: number, random: () => number) {
    this.#port = port;
    this.#random = random;
    this.#running = Array.from({ length: lanes }, (_, lane) => this.#lane(lane % 2 === 0));
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#running);
  }

  async #lane(webSockets: boolean): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      if (webSockets) await this.#webSocket();
      else await this.#eventStream();
      await sleep(20);
    }
  }

  async #webSocket(): Promise<void> {
    const client = new WebSocketClient(this.#port, 100);
    this.counts.opened += 1;
    await Promise.race([client.ended, this.#pause()]);
    const end = await client.close();
    if (end.how === 'broken') this.#broke(client.localPort, end.version, 'WebSocket');
    else if (end.how === 'closed') this.counts.closed += 1;
    else if (end.echoed === end.sent) this.counts.whole += 1;
    else
      this.#broke(client.localPort, end.version, `WebSocket: ${end.sent - end.echoed} messages not echoed`);
  }

  async #eventStream(): Promise<void> {
    const client = new EventStream(this.#port);
    this.counts.opened += 1;
    await Promise.race([client.ended, this.#pause()]);
    const end = await client.close();
    if (end.how === 'broken') this.#broke(client.localPort, end.version, 'event stream');
    else if (end.missing > 0)
      this.#broke(client.localPort, end.version, `event stream: ${end.missing} ticks missing`);
    else if (end.how === 'ended') this.counts.closed += 1;
    else this.counts.whole += 1;
  }

  #broke(port: number, version: string, what: string): void {
    const instance = version.split(' ')[1] ?? null;
    const says = `${what} on port ${port}, ${version === '' ? 'before its first message' : `from ${version}`}`;
    this.broken.push({ port, instance, at: Date.now(), says });
  }

  async #pause(): Promise<void> {
    const ms = shortestMs + this.#random() * (longestMs - shortestMs);
    await sleep(ms, null, { signal: this.#over.signal }).catch(() => undefined);
  }
}
