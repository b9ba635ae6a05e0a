import type { ReadableStreamReadResult } from 'node:stream/web';
import { TealError } from '../../errors.ts';

/** Four times the longest that the API takes anywhere; what is larger is no body of it. */
const mostBytes = 256 * 1024;
/** Of who may be anybody: a hundred times what signing in takes. */
const strangersBytes = 64 * 1024;
/** A body of that size over a bad line takes seconds; who needs longer holds a connection on purpose. */
const mostMs = 20_000;

export interface Patience {
  /** Bytes. */
  readonly most: number;
  readonly ms: number;
}

/** How much is waited for, and how long: of somebody known, or of anybody. */
export const patienceWith = (anybody: boolean): Patience => ({
  most: anybody ? strangersBytes : mostBytes,
  ms: mostMs,
});

/**
 * The JSON of a request; `{}` when there is none.
 * @throws TealError `body-too-large`, `unsupported-media-type`, `request-timeout`, `usage`: before anything was done
 */
export async function readJson(request: Request, patience: Patience): Promise<unknown> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw notJson(`It is packed (${encoding.slice(0, 50)}).`);
  if (Number(request.headers.get('content-length') ?? 0) > patience.most) throw tooLarge(patience);
  const bytes = await readBytes(request, patience);
  if (bytes.length === 0) return {};
  // A page of another site can send anything else without asking the browser's leave, but not this.
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i.test(type))
    throw notJson(type === '' ? 'It has no content-type.' : `Its content-type is ${type.slice(0, 100)}.`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw new TealError('usage', 'The body is not JSON.', { remedy: 'send JSON, or nothing', cause });
  }
}

/** The text of a request, of whatever type it says it is. @throws TealError `body-too-large`, `unsupported-media-type`, `request-timeout`, `usage` */
export async function readText(request: Request, patience: Patience): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > patience.most) throw tooLarge(patience);
  return new TextDecoder().decode(await readBytes(request, patience));
}

async function readBytes(request: Request, patience: Patience): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0);
  const reader = request.body.getReader();
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), patience.ms);
  try {
    return await collect(() => Promise.race([reader.read(), late.promise]), patience);
  } catch (error) {
    // Not waited for: who sends slowly ends slowly, too.
    void reader.cancel().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Piece = ReadableStreamReadResult<Uint8Array> | 'late';

async function collect(next: () => Promise<Piece>, patience: Patience): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let length = 0; ;) {
    const piece = await next().catch(cutShort);
    if (piece === 'late') throw tooSlow(patience);
    if (piece.done) return Buffer.concat(pieces);
    length += piece.value.length;
    if (length > patience.most) throw tooLarge(patience);
    pieces.push(piece.value);
  }
}

function cutShort(cause: unknown): never {
  throw new TealError('usage', 'The body ended before its end.', { remedy: 'send all of it', cause });
}

const tooLarge = ({ most }: Patience): TealError =>
  new TealError('body-too-large', `The body is larger than ${most} bytes.`, {
    remedy: 'nothing that the API takes is that large; name files by their path',
    details: { most },
  });

const tooSlow = ({ ms }: Patience): TealError =>
  new TealError('request-timeout', `The body did not come within ${ms / 1000} s.`, {
    remedy: 'send it again, at once',
  });

const notJson = (why: string): TealError =>
  new TealError('unsupported-media-type', `The body is not taken as JSON. ${why}`, {
    remedy: "send it plain, with content-type: application/json (curl: --json '{…}')",
  });
