import { CR, LF, hexValue, nameByte, valueByte } from './bytes.ts';

/**
 * Decodes a chunked body (RFC 9112 §7.1) byte-exactly: any deviation ends the connection, because a lenient chunk
 * parser beside a strict one is how requests are smuggled. Chunk extensions are checked and dropped.
 */

/** 13 hexadecimal digits: still exact as a number. */
const longestSize = 13;
/** All extensions of one chunk together; no known client sends any. */
const longestExtension = 256;
/** RFC 9112 §7.1.1, without the optional whitespace that no sender may send. */
const extensionPattern = /^(?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*"))?)+$/;
/** The trailer section, with its empty line. */
const longestTrailer = 8192;

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'done';

export class ChunkedDecoder {
  state: State = 'size';
  /** Field lines of the trailer section as received, each with its CRLF; empty when there are none. */
  trailer: Buffer = Buffer.alloc(0);
  #remaining = 0;
  #digits = 0;
  #extension = '';
  #trailerParts: Buffer[] = [];
  #trailerLength = 0;
  #lineLength = 0;
  #previous = 0;

  /**
   * Reads from `at`, and appends the data it finds to `slices` as pairs [start, end).
   * @returns the position behind what was read (the body's end when `state` is `done`), or -1 when malformed
   */
  decode(buffer: Uint8Array, at: number, slices: number[]): number {
    let position = at;
    while (position < buffer.length && this.state !== 'done') {
      if (this.state === 'data') {
        const end = Math.min(buffer.length, position + this.#remaining);
        slices.push(position, end);
        this.#remaining -= end - position;
        position = end;
        if (this.#remaining === 0) this.state = 'data-cr';
      } else if (this.state === 'trailer') {
        position = this.#readTrailer(buffer, position);
        if (position < 0) return -1;
      } else if (!this.#step(buffer[position] as number)) {
        return -1;
      } else {
        position++;
      }
    }
    return position;
  }

  #step(byte: number): boolean {
    switch (this.state) {
      case 'size':
        return this.#readSize(byte);
      case 'extension':
        return this.#readExtension(byte);
      case 'size-lf':
        if (byte !== LF) return false;
        this.state = this.#remaining === 0 ? 'trailer' : 'data';
        this.#digits = 0;
        this.#extension = '';
        return true;
      case 'data-cr':
        this.state = 'data-lf';
        return byte === CR;
      default:
        // `data-lf`: the other states are not read byte by byte.
        this.state = 'size';
        return byte === LF;
    }
  }

  #readSize(byte: number): boolean {
    const value = hexValue[byte] as number;
    if (value !== 255) {
      this.#remaining = this.#remaining * 16 + value;
      return ++this.#digits <= longestSize;
    }
    if (this.#digits === 0) return false;
    if (byte === CR) this.state = 'size-lf';
    else if (byte === 0x3b) return this.#readExtension(byte);
    else return false;
    return true;
  }

  #readExtension(byte: number): boolean {
    if (byte === CR) {
      this.state = 'size-lf';
      return extensionPattern.test(this.#extension);
    }
    this.state = 'extension';
    this.#extension += String.fromCharCode(byte);
    return valueByte[byte] === 1 && this.#extension.length <= longestExtension;
  }

  /** Collects up to the empty line. Lines are checked here only for CRLF; `trailer.ts` reads their fields. */
  #readTrailer(buffer: Uint8Array, at: number): number {
    let position = at;
    let ended = false;
    while (position < buffer.length && !ended) {
      const byte = buffer[position++] as number;
      if (byte === LF) {
        if (this.#previous !== CR) return -1;
        ended = this.#lineLength === 1;
        this.#lineLength = 0;
      } else {
        if (this.#previous === CR) return -1;
        if (this.#lineLength === 0 && byte !== CR && nameByte[byte] === 0) return -1;
        this.#lineLength++;
      }
      this.#previous = byte === LF ? 0 : byte;
    }
    this.#trailerLength += position - at;
    if (this.#trailerLength > longestTrailer) return -1;
    this.#trailerParts.push(Buffer.from(buffer.subarray(at, position)));
    if (ended) {
      this.state = 'done';
      this.trailer = Buffer.concat(this.#trailerParts);
      this.#trailerParts = [];
    }
    return position;
  }
}
