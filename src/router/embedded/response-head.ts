import { CR, LF, SP, valueByte } from './bytes.ts';
import type { FieldFault } from './fields.ts';
import { Fields, hasTabBehind } from './fields.ts';
import { field } from './known-fields.ts';
import { isLength } from './request-head.ts';

/**
 * Reads one response head of an app, as strictly as a request: an app (or who speaks through it) that frames
 * ambiguously could answer in the place of another on a kept connection.
 */

export type ResponseFault = FieldFault | 'bad-status-line' | 'bad-response-framing';

/** More fields than real apps send; a runaway app must not cost memory. */
const fieldLimit = 512;

/** The head of the response being read. One per worker, reused: valid until the next `parse`. */
export class ResponseHead {
  readonly fields: Fields = new Fields(fieldLimit);
  text = '';
  base = 0;
  minor = 1;
  status = 0;
  /** The status line's reason, a leading space included when there is one. */
  reason = '';
  /** -1 when none is given. */
  length = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  /** Milliseconds the app says it keeps an idle connection; -1 when it does not say. */
  keepAliveMs = -1;
  upgrade = '';
  contentType = '';
  listed: readonly string[] = [];

  parse(buffer: Buffer, start: number, end: number): ResponseFault | null {
    this.#reset();
    this.base = start;
    this.text = buffer.toString('latin1', start, end);
    const line = this.#readLine(buffer, start);
    if (line < 0) return 'bad-status-line';
    const fault = this.fields.scan(buffer, line, fieldLimit);
    if (fault !== null) return fault;
    for (let index = 0; index < this.fields.count; index++) {
      if (!this.#readField(index)) return 'bad-response-framing';
    }
    if (this.chunked && (this.length >= 0 || this.minor === 0)) return 'bad-response-framing';
    return null;
  }

  value(index: number): string {
    const { fields, base } = this;
    return this.text.slice(
      (fields.valueStart[index] as number) - base,
      (fields.valueEnd[index] as number) - base,
    );
  }

  #reset(): void {
    this.length = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.keepAliveMs = -1;
    this.upgrade = '';
    this.contentType = '';
    this.listed = [];
  }

  /** `HTTP/1.1 200 OK`; the space before an empty reason may be missing, as many servers leave it out. */
  #readLine(buffer: Buffer, start: number): number {
    const { text } = this;
    this.minor = text.startsWith('HTTP/1.1 ') ? 1 : 0;
    if (this.minor === 0 && !text.startsWith('HTTP/1.0 ')) return -1;
    this.status = threeDigits(buffer, start + 9);
    if (this.status < 100) return -1;
    let at = start + 12;
    if (buffer[at] !== SP && buffer[at] !== CR) return -1;
    while (valueByte[buffer[at] as number] === 1) at++;
    if (buffer[at] !== CR || buffer[at + 1] !== LF) return -1;
    this.reason = text.slice(12, at - start);
    return at + 2;
  }

  #readField(index: number): boolean {
    const id = this.fields.id[index] as number;
    if (id === 0 || this.fields.twin[index] === 1) return true;
    switch (id) {
      case field['content-length']:
        return this.#readLength(this.value(index));
      case field['transfer-encoding']: {
        if (this.chunked || hasTabBehind(this, index)) return false;
        if (this.value(index).toLowerCase() !== 'chunked') return false;
        this.chunked = true;
        return true;
      }
      case field.connection:
        this.#readConnection(this.value(index));
        return true;
      case field['keep-alive']: {
        const timeout = /(?:^|[,\s])timeout=([0-9]{1,6})/i.exec(this.value(index))?.[1];
        if (timeout !== undefined) this.keepAliveMs = Number(timeout) * 1000;
        return true;
      }
      case field.upgrade:
        this.upgrade = this.value(index).toLowerCase();
        return true;
      case field['content-type']:
        this.contentType = this.value(index);
        return true;
      default:
        return true;
    }
  }

  #readLength(value: string): boolean {
    if (!isLength(value) || this.length >= 0) return false;
    this.length = Number(value);
    return true;
  }

  #readConnection(value: string): void {
    for (const part of value.split(',')) {
      const token = part.trim().toLowerCase();
      if (token === 'close') this.close = true;
      else if (token === 'keep-alive') this.keepAlive = true;
      else if (token !== '' && token !== 'upgrade') this.listed = [...this.listed, token];
    }
  }
}

/** -1 when they are not. */
function threeDigits(buffer: Buffer, at: number): number {
  let number = 0;
  for (let index = at; index < at + 3; index++) {
    const digit = (buffer[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
