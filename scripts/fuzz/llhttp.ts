import { METHODS } from 'node:http';
import { createRequire } from 'node:module';
import type { Message, Reading } from './message.ts';

/**
 * llhttp, by the class that `node:http` itself reads connections with, strict as a server has it. Far faster than a
 * server per connection; that both read alike is tried by `server.ts` on a share of the cases.
 */
interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | (Error & { code?: string });
  finish(): undefined | (Error & { code?: string });
  [event: number]: (...args: never[]) => number | void;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kLenientNone: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { readonly HTTPParser: ParserClass };
const parser = new HTTPParser();
/** More than any case has: sizes are our own limits' business. */
const maxHeaderSize = 1 << 20;

let reading: Reading = { messages: [], error: null };
let current: Message | null = null;
let position = 0;
let fields: string[] = [];
let url = '';
let skipBody = false;

/** @param cuts where to cut the reads: a message's `end` is only as exact as the reads around it */
export function readByLlhttp(
  kind: 'request' | 'response',
  parts: readonly Buffer[],
  options: { readonly head?: boolean; readonly ends?: boolean } = {},
): Reading {
  reading = { messages: [], error: null };
  current = null;
  fields = [];
  url = '';
  position = 0;
  skipBody = options.head === true;
  const type = kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
  parser.initialize(type, {}, maxHeaderSize, HTTPParser.kLenientNone);
  for (const part of parts) {
    position += part.length;
    if (!feed(part)) return reading;
  }
  if (options.ends === true) {
    const error = parser.finish();
    if (error !== undefined) reading.error = error.code ?? error.message;
  }
  return reading;
}

/** @returns whether to go on */
function feed(part: Buffer): boolean {
  for (let rest = part; rest.length > 0;) {
    const taken = parser.execute(rest);
    if (typeof taken !== 'number') {
      reading.error = taken.code ?? taken.message;
      return false;
    }
    // Behind a request that asks for an upgrade it stops, and a server that has none to offer goes on reading there.
    // In the middle of one it hides errors, so that stopping early is all that is seen of them.
    if (taken < rest.length && (taken <= 0 || current?.complete !== true)) {
      reading.error = 'an error hidden by the upgrade';
      return false;
    }
    rest = rest.subarray(taken);
  }
  return true;
}

parser[HTTPParser.kOnHeaders] = (list: string[], part: string) => {
  fields.push(...list);
  url += part;
};

parser[HTTPParser.kOnHeadersComplete] = (...args: readonly unknown[]) => {
  const [, minor, list, method, target, status] = args as [
    number,
    number,
    string[] | undefined,
    number,
    string?,
    number?,
  ];
  current = {
    what: status === undefined || status === null ? (names.get(method) ?? `#${method}`) : String(status),
    target: target ?? url,
    minor,
    fields: list ?? fields,
    body: '',
    complete: false,
    end: 0,
  };
  fields = [];
  url = '';
  reading.messages.push(current);
  return skipBody && (status ?? 0) >= 200 ? 1 : 0;
};

parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
  if (current !== null) current.body += bytes.toString('latin1');
};

parser[HTTPParser.kOnMessageComplete] = () => {
  if (current === null) return;
  current.complete = true;
  current.end = position;
  // Of the trailer: the next head begins with nothing.
  fields = [];
  url = '';
};

/** Methods by llhttp's numbers, asked of it. */
const names = new Map<number, string>();
for (const method of METHODS) {
  if (method === 'CONNECT') continue;
  const { messages } = readByLlhttp('request', [Buffer.from(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)]);
  const number = Number(messages[0]?.what.slice(1));
  if (Number.isInteger(number)) names.set(number, method);
}

/** Those that llhttp knows; it refuses any other, whatever comes behind it. */
export const knownMethods: ReadonlySet<string> = new Set(names.values());
