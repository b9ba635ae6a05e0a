import { ChunkedDecoder } from './chunked.ts';
import { passableTrailer } from './trailer.ts';

/** How a body came in: its end is known by length, by chunks, or by the end of the connection. */
export type BodyKind = 'none' | 'length' | 'chunked' | 'until-close';

/** Reads one body; says where it ends. Data is reported as slices of the buffer it was given, and never copied here. */
export class BodyReader {
  readonly kind: BodyKind;
  done: boolean;
  /** Bytes of content so far. */
  received = 0;
  /** Pairs [start, end) of the buffer last decoded. */
  readonly slices: number[] = [];
  #remaining: number;
  readonly #chunked: ChunkedDecoder | null;

  constructor(kind: BodyKind, length = 0) {
    this.kind = kind;
    this.#remaining = length;
    this.#chunked = kind === 'chunked' ? new ChunkedDecoder() : null;
    this.done = kind === 'none' || (kind === 'length' && length === 0);
  }

  /** @returns the position behind the body's bytes, or -1 when its framing is broken */
  decode(buffer: Uint8Array, at: number): number {
    const { slices } = this;
    slices.length = 0;
    if (this.done || at >= buffer.length) return at;
    let end = buffer.length;
    if (this.#chunked !== null) {
      end = this.#chunked.decode(buffer, at, slices);
      if (end < 0) return -1;
      this.done = this.#chunked.state === 'done';
    } else {
      if (this.kind === 'length') {
        end = Math.min(end, at + this.#remaining);
        this.#remaining -= end - at;
        this.done = this.#remaining === 0;
      }
      slices.push(at, end);
    }
    for (let index = 0; index < slices.length; index += 2) {
      this.received += (slices[index + 1] as number) - (slices[index] as number);
    }
    return end;
  }

  /** Bytes that its length promises and that have not come. */
  get missing(): number {
    return this.#remaining;
  }

  /** The end of a body whose end comes apart, or with its connection. @returns whether the body is whole */
  finish(_trailer: string): boolean {
    return this.done;
  }

  /** Trailer fields that may be passed on, or null when they are malformed. Only when `done`. */
  trailer(): string | null {
    return this.#chunked === null ? '' : passableTrailer(this.#chunked.trailer);
  }
}

/** Shared by every message without a body. */
export const noBody: BodyReader = new BodyReader('none');

/** The reader for a request's body. A request without either length has none (RFC 9112 §6.3). */
export function requestBody(head: { readonly chunked: boolean; readonly length: number }): BodyReader {
  if (head.chunked) return new BodyReader('chunked');
  return head.length > 0 ? new BodyReader('length', head.length) : noBody;
}

export interface Framing {
  /** One chunk for what there is; with the last chunk and the trailer when the body is done. */
  readonly chunked: boolean;
  readonly trailer: string;
  /** Goes before it, in the same buffer: a head and the start of its body leave in one write, copied once. */
  readonly head?: string;
  /** Makes room for it, when it is not to be kept; else it is a buffer of its own. */
  readonly into?: (size: number) => Buffer;
}

/**
 * What the slices last decoded become on the other side: one buffer of our own (the input may be reused by the
 * kernel's next read). Null when there is nothing to send.
 */
export function reframe(buffer: Uint8Array, body: BodyReader, framing: Framing): Buffer | null {
  const { chunked, trailer, head = '' } = framing;
  const { slices } = body;
  let total = 0;
  for (let index = 0; index < slices.length; index += 2) {
    total += (slices[index + 1] as number) - (slices[index] as number);
  }
  const opening = head + (chunked && total > 0 ? `${total.toString(16)}\r\n` : '');
  const closing = chunked ? (total > 0 ? '\r\n' : '') + (body.done ? `0\r\n${trailer}\r\n` : '') : '';
  const size = opening.length + total + closing.length;
  if (size === 0) return null;
  const out = framing.into?.(size) ?? Buffer.allocUnsafe(size);
  let at = out.write(opening, 0, 'latin1');
  for (let index = 0; index < slices.length; index += 2) {
    const start = slices[index] as number;
    const end = slices[index + 1] as number;
    out.set(buffer.subarray(start, end), at);
    at += end - start;
  }
  out.write(closing, at, 'latin1');
  return out;
}
