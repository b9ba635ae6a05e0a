import type { BodyKind, BodyReader } from './body.ts';
import { reframe } from './body.ts';
import type { ResponseHead } from './response-head.ts';
import type { ResponseTarget, ResponseWriter } from './response.ts';
import { rewriteResponse } from './rewrite-response.ts';
import { room } from './scratch.ts';

/** Up to here head and body go out as one string: one write, no extra buffer. */
const smallBody = 16 * 1024;

/** Writes one response as HTTP/1.1: framed anew, head and first bytes in one write. */
export class ResponseText implements ResponseWriter {
  keeps = false;
  readonly #target: ResponseTarget;
  readonly #keepLines: string;
  #kind: BodyKind = 'none';
  #chunked = false;
  /** The head, until the first bytes go out with it. */
  #prefix = '';

  /** @param keepLines connection lines for a kept connection */
  constructor(target: ResponseTarget, keepLines: string) {
    this.#target = target;
    this.#keepLines = keepLines;
  }

  get endsByClose(): boolean {
    return !this.#chunked && this.#kind !== 'length' && this.#kind !== 'none';
  }

  interim(head: ResponseHead): void {
    if (this.#target.minor === 1) this.#target.write(rewriteResponse(head, ''));
  }

  upgrade(head: ResponseHead): void {
    this.#target.write(
      rewriteResponse(head, `${this.#target.ownLines}Connection: Upgrade\r\nUpgrade: websocket\r\n`),
    );
  }

  start(head: ResponseHead, kind: BodyKind): boolean {
    const target = this.#target;
    const unknownLength = kind === 'chunked' || kind === 'until-close';
    this.#kind = kind;
    this.#chunked = unknownLength && target.minor === 1;
    this.keeps = target.mayKeep() && (!unknownLength || this.#chunked);
    const own =
      target.ownLines + this.#framing(head) + (this.keeps ? this.#keepLines : 'Connection: close\r\n');
    this.#prefix = rewriteResponse(head, own);
    return true;
  }

  pass(data: Buffer, body: BodyReader, trailer: string): void {
    const prefix = this.#prefix;
    this.#prefix = '';
    if (prefix !== '' && this.#kind === 'length' && data.length <= smallBody) {
      const [start = 0, end = 0] = body.slices;
      this.#target.write(end > start ? prefix + data.toString('latin1', start, end) : prefix);
      return;
    }
    if (this.#kind === 'none') {
      if (prefix !== '') this.#target.write(prefix);
      return;
    }
    const out = reframe(data, body, { chunked: this.#chunked, trailer, head: prefix, into: room });
    if (out !== null) this.#target.write(out);
  }

  finishEarly(): boolean {
    if (this.#chunked) this.#target.write('0\r\n\r\n');
    else if (this.#kind === 'length') return false;
    return true;
  }

  #framing({ length, chunked, status }: ResponseHead): string {
    const kind = this.#kind;
    if (this.#chunked) return 'Transfer-Encoding: chunked\r\n';
    if (kind === 'length') return `Content-Length: ${length}\r\n`;
    if (kind !== 'none' || status === 204) return '';
    if (status === 205) return 'Content-Length: 0\r\n';
    // HEAD and 304 carry the framing that the body would have had (RFC 9110 §8.6, §9.3.2).
    if (length >= 0) return `Content-Length: ${length}\r\n`;
    return chunked && this.#target.minor === 1 ? 'Transfer-Encoding: chunked\r\n' : '';
  }
}
