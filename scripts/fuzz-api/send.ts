/** Bytes to the socket, and what comes back. */
import { connect } from 'node:net';
import { BadResponse, ResponseReader } from '../../src/load/response.ts';
import type { Answer } from './conform.ts';
import type { Case } from './case.ts';

export interface Outcome {
  /** Null: the connection was closed, or nothing came in time. */
  readonly answer: Answer | null;
  readonly ms: number;
  /** Set when nothing came in time. */
  readonly late: boolean;
  /** What came is not HTTP. */
  readonly bad: string | null;
}

/** Long enough for a busy machine, and far beyond what anybody would wait. */
export const answerMs = 15_000;
/** Of what goes on without end the beginning is looked at. */
const streamMs = 40;
const dripMs = 40;
const drips = 6;

export function send(
  socket: string,
  { bytes, how, method }: Pick<Case, 'bytes' | 'how' | 'method'>,
  limitMs: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const began = performance.now();
    const connection = connect(socket);
    const pieces: Buffer[] = [];
    let head: { readonly status: number; readonly headers: ReadonlyMap<string, string> } | null = null;
    let over = false;
    const reader = new ResponseReader(method, {
      head: (given) => {
        head = given;
        if (isStream(given.headers)) setTimeout(end, streamMs);
      },
      body: (piece) => pieces.push(piece),
    });
    const finish = (more: Partial<Outcome>): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      connection.destroy();
      const body = Buffer.concat(pieces).toString();
      const answer = head === null ? null : { ...head, body };
      resolve({ answer, ms: performance.now() - began, late: false, bad: null, ...more });
    };
    const end = (): void => finish({});
    const timer = setTimeout(() => finish({ late: true }), limitMs);
    connection.on('data', (chunk: Buffer) => {
      try {
        reader.feed(chunk);
        if (reader.done) end();
      } catch (error) {
        // A second answer to what looked like two requests is none of this one's.
        finish(reader.done ? {} : { bad: error instanceof BadResponse ? error.message : String(error) });
      }
    });
    connection.on('error', end);
    connection.on('close', end);
    void write(connection, bytes, how).then(() => {
      if (how === 'cut') setTimeout(end, 5);
    });
  });
}

const isStream = (headers: ReadonlyMap<string, string>): boolean =>
  /ndjson|event-stream/.test(headers.get('content-type') ?? '');

async function write(connection: ReturnType<typeof connect>, bytes: Buffer, how: Case['how']): Promise<void> {
  if (how === 'drip') {
    const size = Math.ceil(bytes.length / drips);
    for (let at = 0; at < bytes.length; at += size) {
      connection.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setTimeout(resolve, dripMs));
    }
    return;
  }
  connection.write(bytes);
  if (how === 'half') connection.end();
}

export interface Requesting {
  readonly method: string;
  readonly target: string;
  /** Of JSON. */
  readonly body?: unknown;
  /** Of something else, instead. */
  readonly raw?: Buffer;
  readonly fields?: readonly string[];
}

/** The bytes of a right request. */
export function requestOf({ method, target, body, raw, fields = [] }: Requesting): Buffer {
  const payload = raw ?? (body === undefined ? null : Buffer.from(JSON.stringify(body)));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'host: teal',
    'connection: close',
    ...fields,
    ...(body === undefined ? [] : ['content-type: application/json']),
    ...(payload === null ? [] : [`content-length: ${payload.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), payload ?? Buffer.alloc(0)]);
}

/** A right request, for the search itself. @throws what it was refused with */
export async function exchange(
  socket: string,
  method: 'GET' | 'POST',
  at: string,
  body?: unknown,
): Promise<unknown> {
  const bytes = requestOf({ method, target: at, body });
  const { answer } = await send(socket, { bytes, how: 'whole', method }, answerMs);
  if (answer === null || answer.status !== 200)
    throw new Error(`${method} ${at}: ${answer?.status ?? 'no answer'} ${answer?.body ?? ''}`);
  return JSON.parse(answer.body);
}
