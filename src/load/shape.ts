import { TealError } from '../errors.ts';

/** One kind of request in the mix. Everything is optional: `{}` is a GET of the load's URL. */
export interface RequestShape {
  readonly method?: string;
  /** Relative to the load's URL. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Send the body with `Transfer-Encoding: chunked`. */
  readonly chunked?: boolean;
  /** Send the body in this many pieces … */
  readonly pieces?: number;
  /** … this far apart: a slow upload. */
  readonly pieceEveryMs?: number;
  /** Its part of the mix, as a whole number. Default 1. */
  readonly weight?: number;
}

/** A shape as bytes: `head` and the first piece go out in one write, the rest one by one. */
export interface PreparedShape {
  readonly index: number;
  readonly method: string;
  readonly pieces: readonly Buffer[];
  readonly everyMs: number;
}

/** Where the load goes. */
export interface Target {
  readonly url: URL;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** @throws TealError `usage` when it is not an absolute http(s) URL */
export function parseTarget(input: string): Target {
  const url = URL.parse(input);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TealError('usage', `Not a URL that requests can be sent to: ${JSON.stringify(input)}`, {
      remedy: 'Give an absolute URL, e.g. http://127.0.0.1:8080/',
    });
  }
  const tls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url, tls, host, port: Number(url.port) || (tls ? 443 : 80) };
}

/** Compiles the mix once, so that a request costs one write. */
export function prepareShapes(
  target: Target,
  shapes: readonly RequestShape[],
  headers: Readonly<Record<string, string>>,
): readonly PreparedShape[] {
  return shapes.map((shape, index) => prepare(target, shape, { index, headers }));
}

function prepare(
  target: Target,
  shape: RequestShape,
  common: { readonly index: number; readonly headers: Readonly<Record<string, string>> },
): PreparedShape {
  const method = shape.method ?? (shape.body === undefined ? 'GET' : 'POST');
  const url = shape.path === undefined ? target.url : new URL(shape.path, target.url);
  const chunked = shape.chunked ?? false;
  const body = shape.body === undefined ? null : Buffer.from(shape.body);
  const fields = new Map<string, string>([
    ['host', url.host],
    ['user-agent', 'teal-prove'],
    ['accept', '*/*'],
  ]);
  for (const [name, value] of Object.entries({ ...common.headers, ...shape.headers })) {
    fields.set(name.toLowerCase(), value);
  }
  if (body !== null) fields.set(...framing(body, chunked));
  const lines = [...fields].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`);
  return {
    index: common.index,
    method,
    pieces: attach(head, split(body, shape.pieces ?? 1), chunked),
    everyMs: shape.pieceEveryMs ?? 0,
  };
}

function framing(body: Buffer, chunked: boolean): [string, string] {
  return chunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(body.length)];
}

function split(body: Buffer | null, pieces: number): readonly Buffer[] {
  if (body === null || body.length === 0) return [];
  const size = Math.ceil(body.length / Math.max(1, pieces));
  const parts: Buffer[] = [];
  for (let from = 0; from < body.length; from += size) parts.push(body.subarray(from, from + size));
  return parts;
}

function attach(head: Buffer, parts: readonly Buffer[], chunked: boolean): readonly Buffer[] {
  const framed = chunked
    ? parts.map((part) =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
      )
    : parts;
  const pieces = [Buffer.concat([head, ...framed.slice(0, 1)]), ...framed.slice(1)];
  if (!chunked) return pieces;
  return [...pieces.slice(0, -1), Buffer.concat([...pieces.slice(-1), Buffer.from('0\r\n\r\n')])];
}

/** The order in which the shapes take turns: spread by weight, repeating, the same in every run. */
export function turns(shapes: readonly RequestShape[]): readonly number[] {
  const weights = shapes.map((shape) => Math.max(1, Math.round(shape.weight ?? 1)));
  // One turn each: also for the shapes of thousands, of which the credits below would be a square.
  if (weights.every((weight) => weight === weights[0])) return shapes.map((_, index) => index);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const credit = weights.map(() => 0);
  // Smooth weighted round robin: the shape with the most credit goes next and pays the total.
  return Array.from({ length: total }, () => {
    weights.forEach((weight, index) => (credit[index] = (credit[index] ?? 0) + weight));
    const next = credit.indexOf(Math.max(...credit));
    credit[next] = (credit[next] ?? 0) - total;
    return next;
  });
}
