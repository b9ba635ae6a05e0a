import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { caseOf } from './run.ts';
import { knownMethods } from './llhttp.ts';
import type { Message } from './message.ts';
import { pieces } from './message.ts';
import { readRequests } from './ours.ts';

/** A socket that is none: what is pushed was received, what is written is forgotten. */
class Line extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}
}

/** Of the event loop, until the server has told of all requests it was given: each takes a few. */
const mostTurns = 50;

interface Seen {
  readonly method: string;
  readonly target: string;
  body: string;
  complete: boolean;
}

/**
 * The same comparison against a whole `http.Server` as it comes: what the router reads as complete requests, the
 * server hands to its listener, complete, in the same order. @returns what differs, one line a case
 */
export async function compareWithServer(seed: number, from: number, to: number): Promise<string[]> {
  const differences: string[] = [];
  const seenOn = new WeakMap<object, Seen[]>();
  const server = createServer((request, response) => {
    seenOn.get(request.socket)?.push(watch(request));
    request.on('end', () => response.end());
  });
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  // Left open: requests before the fault are still on their way to the listener.
  server.on('clientError', () => {});
  for (let index = from; index < to; index++) {
    const { made, asked } = caseOf(seed, index);
    const parts = pieces(made.bytes, made.cuts);
    const ours = readRequests(parts);
    if (asked !== null || ours.messages.some(({ what }) => !knownMethods.has(what))) continue;
    const seen: Seen[] = [];
    const line = new Line();
    seenOn.set(line, seen);
    server.emit('connection', line);
    for (const part of parts) line.push(part);
    const expected = ours.forwarded.length;
    for (
      let turn = 0;
      turn < mostTurns && !(seen.length >= expected && seen[expected - 1]?.complete !== false);
      turn++
    ) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    line.destroy();
    const at = differsAt(ours.messages, seen);
    if (at >= 0)
      differences.push(`case ${index}: message ${at} is ${JSON.stringify(seen[at])} for the server`);
  }
  server.closeAllConnections();
  return differences;
}

/** The first complete message of ours that the server did not see like that, or -1. */
function differsAt(messages: readonly Message[], seen: readonly Seen[]): number {
  for (const [at, message] of messages.entries()) {
    const theirs = seen[at];
    if (!message.complete) continue;
    const same =
      theirs?.complete === true &&
      theirs.method === message.what &&
      theirs.target === message.target &&
      theirs.body === message.body;
    if (!same) return at;
    // A server that has no upgrade to offer drops what came behind such a request in the same read. The router sends
    // nothing behind one before it is answered.
    if (message.fields.some((name) => name.toLowerCase() === 'upgrade')) return -1;
  }
  return -1;
}

function watch(request: IncomingMessage): Seen {
  const seen = { method: request.method ?? '', target: request.url ?? '', body: '', complete: false };
  request.on('data', (data: Buffer) => (seen.body += data.toString('latin1')));
  request.on('end', () => (seen.complete = request.complete));
  request.on('error', () => {});
  return seen;
}
