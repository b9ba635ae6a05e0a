import { BodyReader, noBody, type BodyKind } from './body.ts';
import { passableTrailer } from './trailer.ts';

/** A body whose end is told apart from its bytes: by a stream of HTTP/2, or by the end of the connection. */
class ApartBody extends BodyReader {
  #trailer = '';
  #ended = false;

  constructor(kind: 'length' | 'until-close', length = 0) {
    super(kind, length);
    this.done = false;
  }

  override decode(buffer: Uint8Array, at: number): number {
    const end = super.decode(buffer, at);
    this.done = this.#ended;
    return end;
  }

  /**
   * @param trailer field lines, or nothing
   * @returns whether the body is whole
   */
  override finish(trailer: string): boolean {
    this.slices.length = 0;
    if (this.done || this.missing > 0) return this.done;
    this.#trailer = trailer;
    this.#ended = true;
    this.done = true;
    return true;
  }

  override trailer(): string | null {
    return this.#trailer === '' ? '' : passableTrailer(Buffer.from(`${this.#trailer}\r\n`, 'latin1'));
  }
}

/** The reader for the body of a request by HTTP/2; `ended` when it ended with its head. */
export function streamBody(head: { readonly length: number }, ended: boolean): BodyReader {
  if (ended) return noBody;
  return head.length >= 0 ? new ApartBody('length', head.length) : new ApartBody('until-close');
}

/** The reader for a response's body. @param apart the app's side tells the end apart from the bytes */
export function responseBody(kind: BodyKind, length: number, apart: boolean): BodyReader {
  if (kind === 'none') return noBody;
  if (kind === 'until-close' || (apart && kind === 'length')) return new ApartBody(kind, length);
  return new BodyReader(kind, length);
}
