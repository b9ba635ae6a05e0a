import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamingApi } from 'hono/utils/stream';
import type { Logger } from 'pino';
import { TealError } from '../../errors.ts';
import type { Source } from './route.ts';

/** Each holds a connection and is woken by events. A dashboard has one; beyond this many somebody has forgotten to close them. */
const mostStreams = 256;

/** Gives out what goes on, until the source ends, the client goes, or Teal does. */
export class Streams {
  readonly #log: Logger;
  readonly #closing: AbortSignal;
  #open = 0;

  constructor(log: Logger, closing: AbortSignal) {
    this.#log = log;
    this.#closing = closing;
  }

  /** One JSON document a line. @throws TealError `busy` */
  lines(c: Context, source: Source<unknown>): Response {
    return this.#pour(c, 'application/x-ndjson', async (out, signal) => {
      for await (const item of source(signal)) await out.write(`${JSON.stringify(item)}\n`);
    });
  }

  /** Text as it is. @throws TealError `busy` */
  text(c: Context, type: string, source: Source<string>): Response {
    return this.#pour(c, type, async (out, signal) => {
      for await (const item of source(signal)) await out.write(item);
    });
  }

  #pour(
    c: Context,
    type: string,
    write: (out: StreamingApi, signal: AbortSignal) => Promise<void>,
  ): Response {
    if (this.#open >= mostStreams) throw tooMany();
    this.#open += 1;
    c.header('content-type', type);
    c.header('cache-control', 'no-store');
    // A proxy that gathers what it passes on would give events out minutes late.
    c.header('x-accel-buffering', 'no');
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, this.#closing]);
    const pour = async (out: StreamingApi): Promise<void> => {
      out.onAbort(() => gone.abort());
      try {
        await write(out, signal);
      } finally {
        this.#open -= 1;
      }
    };
    return stream(c, pour, async (error) => {
      if (!signal.aborted) this.#log.error({ error, path: c.req.path }, 'a stream of the API failed');
      // What ends too early ends as if it were cut: nobody may take it for all there is.
      (c.env as Partial<HttpBindings> | undefined)?.outgoing?.destroy();
    });
  }
}

const tooMany = (): TealError =>
  new TealError('busy', `${mostStreams} streams are open already.`, {
    remedy: 'close some; what asks again and again is no stream, and works',
  });
