import http2 from 'node:http2';
import { sleep } from '../until.ts';

/** One kind of request; a body that comes in pieces is under way for a while. */
export interface Ask {
  readonly name: string;
  readonly path: string;
  readonly pieces?: readonly Buffer[];
  readonly everyMs?: number;
}

export interface Http2Report {
  readonly sent: number;
  readonly answered: number;
  /** By connection, stream and phase. */
  readonly failures: readonly string[];
  readonly versions: ReadonlySet<string>;
  /** Sessions that were opened: more than there are at a time means that some had to begin anew. */
  readonly sessions: number;
}

interface Outcome {
  readonly status: number;
  readonly version: string;
  readonly ended: boolean;
}

/**
 * Sessions that are kept, each with several requests at a time. Nothing is ever sent twice: each request is answered
 * to its end, or is a failure.
 */
export class Http2Crowd {
  readonly #url: string;
  readonly #asks: readonly Ask[];
  readonly #running: readonly Promise<void>[];
  readonly #failures: string[] = [];
  readonly #versions = new Set<string>();
  readonly #sessions: (http2.ClientHttp2Session | null)[];
  #sent = 0;
  #answered = 0;
  #opened = 0;
  #stopped = false;

  constructor(
    url: string,
    asks: readonly Ask[],
    shape: { readonly sessions: number; readonly streams: number },
  ) {
    this.#url = url;
    this.#asks = asks;
    this.#sessions = Array.from({ length: shape.sessions }, () => null);
    this.#running = Array.from({ length: shape.sessions * shape.streams }, (_, lane) => this.#run(lane));
  }

  async stop(): Promise<Http2Report> {
    this.#stopped = true;
    await Promise.all(this.#running);
    for (const session of this.#sessions) session?.destroy();
    return {
      sent: this.#sent,
      answered: this.#answered,
      failures: this.#failures,
      versions: this.#versions,
      sessions: this.#opened,
    };
  }

  async #run(lane: number): Promise<void> {
    for (let turn = lane; !this.#stopped; turn++) {
      await sleep(5 + Math.random() * 20);
      const ask = this.#asks[turn % this.#asks.length];
      if (ask !== undefined) await this.#one(lane % this.#sessions.length, ask);
    }
  }

  async #one(index: number, ask: Ask): Promise<void> {
    const session = this.#session(index);
    this.#sent += 1;
    const stream = session.request(
      {
        ':path': ask.path,
        ':method': ask.pieces === undefined ? 'GET' : 'POST',
        ':authority': 'shop',
      },
      { endStream: ask.pieces === undefined },
    );
    const outcome = answerOf(stream);
    const where = `session ${index}, stream ${stream.id ?? 0}, ${ask.name}`;
    for (const piece of ask.pieces ?? []) {
      if (!stream.destroyed) stream.write(piece);
      await sleep(ask.everyMs ?? 0);
    }
    stream.end();
    const { status, version, ended } = await outcome;
    if (status === 200 && ended) {
      this.#answered += 1;
      this.#versions.add(version);
    } else {
      const phase = status === 0 ? 'before its head' : 'in its body';
      this.#failures.push(
        `${where}: ${ended ? `status ${status}` : `broke off ${phase} (${stream.rstCode})`}`,
      );
    }
  }

  #session(index: number): http2.ClientHttp2Session {
    const known = this.#sessions[index];
    if (known && !known.closed && !known.destroyed) return known;
    const fresh = http2.connect(this.#url);
    fresh.on('error', () => {});
    this.#sessions[index] = fresh;
    this.#opened += 1;
    return fresh;
  }
}

function answerOf(stream: http2.ClientHttp2Stream): Promise<Outcome> {
  let status = 0;
  let version = '';
  let ended = false;
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0;
    version = String(headers['x-version'] ?? '');
  });
  stream.on('end', () => (ended = status !== 0));
  stream.on('error', () => {});
  stream.resume();
  return new Promise((resolve) => {
    stream.on('close', () => resolve({ status, version, ended: ended && stream.rstCode === 0 }));
  });
}
