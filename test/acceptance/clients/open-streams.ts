import { EventStream, type StreamEnd } from './event-stream.ts';
import { WebSocketClient, type WebSocketEnd } from './websocket.ts';

/** How two of each kind ended: one is closed by its client, one by whoever is in between. */
export interface OpenStreamsEnd {
  readonly closed: { readonly socket: WebSocketEnd; readonly events: StreamEnd };
  readonly left: { readonly socket: WebSocketEnd; readonly events: StreamEnd };
}

/** Two WebSockets and two event streams, open and talking. */
export class OpenStreams {
  readonly #closed: { readonly socket: WebSocketClient; readonly events: EventStream };
  readonly #left: { readonly socket: WebSocketClient; readonly events: EventStream };

  private constructor(port: number) {
    this.#closed = { socket: new WebSocketClient(port), events: new EventStream(port) };
    this.#left = { socket: new WebSocketClient(port), events: new EventStream(port) };
  }

  static async open(port: number): Promise<OpenStreams> {
    const streams = new OpenStreams(port);
    const all = [streams.#closed, streams.#left].flatMap(({ socket, events }) => [socket, events]);
    await Promise.all(all.map(({ greeted }) => greeted));
    return streams;
  }

  /** How many there are. */
  static readonly each: number = 4;

  /** Closes one of each kind at the client; resolves when the others have ended, too. */
  async end(): Promise<OpenStreamsEnd> {
    const closed = { socket: await this.#closed.socket.close(), events: await this.#closed.events.close() };
    const left = { socket: await this.#left.socket.ended, events: await this.#left.events.ended };
    return { closed, left };
  }
}

/** What is wrong with how they ended, when what was left had to be ended at this moment (ms since the epoch). */
export function wrongEnds({ closed, left }: OpenStreamsEnd, until: number): readonly string[] {
  const { socket, events } = left;
  return [
    ...(closed.socket.how === 'by us' && closed.socket.echoed === closed.socket.sent
      ? []
      : [
          `a WebSocket had ${closed.socket.echoed} of ${closed.socket.sent} answers and ended ${closed.socket.how}`,
        ]),
    ...(closed.events.how === 'by us' && closed.events.missing === 0
      ? []
      : [`an event stream missed ${closed.events.missing} and ended ${closed.events.how}`]),
    ...(socket.how === 'closed' && socket.code === 1012
      ? []
      : [`a WebSocket at its deadline ended ${socket.how} with ${socket.code}, not with 1012`]),
    ...(events.how === 'ended' && events.missing === 0
      ? []
      : [`an event stream at its deadline ended ${events.how}, ${events.missing} missing`]),
    ...[socket, events]
      .filter(({ endedAt }) => endedAt < until - earlyMs)
      .map(({ endedAt }) => `a stream was ended ${until - endedAt} ms before the deadline`),
  ];
}

/** Clocks of two processes are compared. */
const earlyMs = 50;
