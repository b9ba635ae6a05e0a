import { CR, LF, SP, nameByte, targetByte } from './bytes.ts';
import type { FieldFault } from './fields.ts';
import { Fields, hasTabBehind } from './fields.ts';
import { field, fieldCount } from './known-fields.ts';

/**
 * Reads one request head, as strictly as RFC 9110/9112 allow: whatever another parser could read differently is
 * refused, because two parsers that disagree on where a request ends let one client speak in another's name.
 */

/** Why a head is refused; it is the `X-Teal-Error` of the answer. */
export type RequestFault =
  | FieldFault
  | 'bad-request-line'
  | 'version-not-supported'
  | 'method-not-allowed'
  | 'bad-target'
  | 'host-missing'
  | 'several-hosts'
  | 'bad-host'
  | 'host-mismatch'
  | 'both-lengths'
  | 'several-lengths'
  | 'bad-length'
  | 'unknown-transfer-coding'
  | 'transfer-coding-in-http-1.0'
  | 'expectation-failed';

/** More digits than any body has; keeps the number exact. */
const longestLength = 15;
const longestMethod = 32;
const hostPattern = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]{0,5})?$/;
const absolutePattern = /^https?:\/\/([^/?]+)(.*)$/i;

/** The head of the request being read. One per worker, reused: valid until the next `parse`. */
export class RequestHead {
  readonly fields: Fields;
  /** The whole head as latin1, so that a field's text is a cheap slice. */
  text = '';
  /** Offset of `text` in the buffer that was parsed. */
  base = 0;
  method = '';
  /** Origin form, or `*`. */
  target = '';
  minor = 1;
  /** As it is said in `Via`: `1.0`, `1.1`; whoever read it from elsewhere says so here. */
  version = '1.1';
  host = '';
  /** Body length, -1 when none is given. */
  length = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  websocket = false;
  expectsContinue = false;
  /** The client asks for trailers. */
  trailers = false;
  /** Names (lower case) that Connection lists, beyond close, keep-alive and upgrade. */
  listed: readonly string[] = [];
  cookie = '';
  accept = '';
  fetchMode = '';
  preview = '';
  requestId = '';
  forwardedFor = '';
  forwardedProto = '';
  forwardedHost = '';
  #hosts = 0;
  #asksUpgrade = false;
  #upgradeTo = '';
  readonly #limit: number;

  constructor(fieldLimit: number) {
    this.fields = new Fields(fieldLimit);
    this.#limit = fieldLimit;
  }

  /** Parses `buffer` from `start` to `end`, which is just behind the empty line. */
  parse(buffer: Buffer, start: number, end: number): RequestFault | null {
    this.#reset();
    const line = this.readLine(buffer, start, end);
    if (typeof line === 'string') return line;
    const fault = this.fields.scan(buffer, line, this.#limit);
    if (fault !== null) return fault;
    for (let index = 0; index < this.fields.count; index++) {
      const wrong = this.#readField(index);
      if (wrong !== null) return wrong;
    }
    return this.#judge();
  }

  /**
   * Reads the request line at `start`.
   * @param end behind it, or behind the whole head: what becomes `text`
   * @returns where the field lines begin, or the fault
   */
  readLine(buffer: Buffer, start: number, end: number): number | RequestFault {
    this.base = start;
    this.text = buffer.toString('latin1', start, end);
    let at = start;
    while (isUpper(buffer[at])) at++;
    const methodEnd = at;
    if (methodEnd === start || methodEnd - start > longestMethod || buffer[at] !== SP) {
      return tokenLike(buffer, start) ? 'method-not-allowed' : 'bad-request-line';
    }
    at++;
    const targetStart = at;
    while (targetByte[buffer[at] as number] === 1) at++;
    if (at === targetStart || buffer[at] !== SP) return 'bad-request-line';
    const minor = readVersion(buffer, at + 1);
    if (typeof minor === 'string') return minor;
    this.minor = minor;
    this.version = minor === 1 ? '1.1' : '1.0';
    this.method = this.text.slice(0, methodEnd - start);
    this.target = this.text.slice(targetStart - start, at - start);
    if (this.method === 'CONNECT' || this.method === 'TRACE') return 'method-not-allowed';
    return at + 11;
  }

  value(index: number): string {
    const { fields, base } = this;
    return this.text.slice(
      (fields.valueStart[index] as number) - base,
      (fields.valueEnd[index] as number) - base,
    );
  }

  #reset(): void {
    this.host = '';
    this.length = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.websocket = false;
    this.expectsContinue = false;
    this.trailers = false;
    this.listed = [];
    this.cookie = '';
    this.accept = '';
    this.fetchMode = '';
    this.preview = '';
    this.requestId = '';
    this.forwardedFor = '';
    this.forwardedProto = '';
    this.forwardedHost = '';
    this.#hosts = 0;
    this.#asksUpgrade = false;
    this.#upgradeTo = '';
  }

  #readField(index: number): RequestFault | null {
    const id = this.fields.id[index] as number;
    if (id === 0) return null;
    const reader = readers[id];
    if (reader === undefined || reader === null) return null;
    // `Transfer_Encoding` frames nothing here, but may at the app: it is dropped, and never read.
    if (this.fields.twin[index] === 1) return null;
    if (id === field['transfer-encoding'] && hasTabBehind(this, index)) return 'unknown-transfer-coding';
    return reader(this, this.value(index));
  }

  #judge(): RequestFault | null {
    if (this.#hosts > 1) return 'several-hosts';
    if (this.#hosts === 0 && this.minor === 1) return 'host-missing';
    if (this.#hosts === 1 && !hostPattern.test(this.host)) return 'bad-host';
    if (this.chunked && this.minor === 0) return 'transfer-coding-in-http-1.0';
    if (this.chunked && this.length >= 0) return 'both-lengths';
    if (this.minor === 0) this.expectsContinue = false;
    this.websocket =
      this.#asksUpgrade &&
      this.#upgradeTo === 'websocket' &&
      this.minor === 1 &&
      this.method === 'GET' &&
      !this.chunked &&
      this.length <= 0;
    return this.#judgeTarget();
  }

  #judgeTarget(): RequestFault | null {
    if (this.target.charCodeAt(0) === 0x2f) return null;
    if (this.target === '*') return this.method === 'OPTIONS' ? null : 'bad-target';
    const absolute = absolutePattern.exec(this.target);
    if (absolute === null) return 'bad-target';
    const [, authority = '', rest = ''] = absolute;
    if (this.#hosts === 0) this.host = authority;
    if (!hostPattern.test(authority)) return 'bad-host';
    if (authority.toLowerCase() !== this.host.toLowerCase()) return 'host-mismatch';
    this.target = rest.startsWith('/') ? rest : `/${rest}`;
    return null;
  }

  /** @internal the readers below fill these */
  addHost(value: string): void {
    this.#hosts++;
    this.host = value;
  }

  addConnection(value: string): void {
    for (const part of value.split(',')) {
      const token = part.trim().toLowerCase();
      if (token === 'close') this.close = true;
      else if (token === 'keep-alive') this.keepAlive = true;
      else if (token === 'upgrade') this.#asksUpgrade = true;
      else if (token !== '') this.listed = [...this.listed, token];
    }
  }

  setUpgrade(value: string): void {
    this.#upgradeTo = this.#upgradeTo === '' ? value.toLowerCase() : 'several';
  }
}

type Reader = (head: RequestHead, value: string) => RequestFault | null;

const readers: (Reader | null)[] = Array.from({ length: fieldCount }, () => null);

readers[field.host] = (head, value) => {
  head.addHost(value);
  return null;
};
readers[field['content-length']] = (head, value) => {
  if (head.length >= 0) return 'several-lengths';
  if (!isLength(value)) return value.includes(',') ? 'several-lengths' : 'bad-length';
  head.length = Number(value);
  return null;
};
readers[field['transfer-encoding']] = (head, value) => {
  if (head.chunked || value.toLowerCase() !== 'chunked') return 'unknown-transfer-coding';
  head.chunked = true;
  return null;
};
readers[field.connection] = (head, value) => {
  if (value === 'keep-alive') head.keepAlive = true;
  else head.addConnection(value);
  return null;
};
readers[field['proxy-connection']] = (head, value) => {
  // No standard knows it, but parsers behind us heed it: closing is always allowed.
  if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) head.close = true;
  return null;
};
readers[field.te] = (head, value) => {
  head.trailers = /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(value);
  return null;
};
readers[field.upgrade] = (head, value) => {
  head.setUpgrade(value);
  return null;
};
readers[field.expect] = (head, value) => {
  if (value.toLowerCase() !== '100-continue') return 'expectation-failed';
  head.expectsContinue = true;
  return null;
};
readers[field.cookie] = (head, value) => {
  head.cookie = head.cookie === '' ? value : `${head.cookie}; ${value}`;
  return null;
};
readers[field['x-forwarded-for']] = (head, value) => {
  head.forwardedFor = head.forwardedFor === '' ? value : `${head.forwardedFor}, ${value}`;
  return null;
};
readers[field.accept] = keep((head, value) => (head.accept = value));
readers[field['sec-fetch-mode']] = keep((head, value) => (head.fetchMode = value));
readers[field['x-teal-preview']] = keep((head, value) => (head.preview = value));
readers[field['x-request-id']] = keep((head, value) => (head.requestId = value));
readers[field['x-forwarded-proto']] = keep((head, value) => (head.forwardedProto = value));
readers[field['x-forwarded-host']] = keep((head, value) => (head.forwardedHost = value));

function keep(assign: (head: RequestHead, value: string) => void): Reader {
  return (head, value) => {
    assign(head, value);
    return null;
  };
}

/** `HTTP/1.x` and CRLF at `at`. @returns the x, or the fault */
function readVersion(buffer: Buffer, at: number): 0 | 1 | RequestFault {
  const version = buffer.toString('latin1', at, at + 8);
  if (buffer[at + 8] !== CR || buffer[at + 9] !== LF) return 'bad-request-line';
  if (version === 'HTTP/1.1') return 1;
  if (version === 'HTTP/1.0') return 0;
  return /^HTTP\/[0-9]\.[0-9]$/.test(version) ? 'version-not-supported' : 'bad-request-line';
}

/** Digits only: a sign, a space or an empty value is read differently by different parsers. */
export function isLength(value: string): boolean {
  if (value.length === 0 || value.length > longestLength) return false;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

function isUpper(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || byte === 0x2d);
}

/** A method outside `A–Z-` is a token that no app of ours has: it is well-formed all the same. */
function tokenLike(buffer: Buffer, start: number): boolean {
  let at = start;
  while (nameByte[buffer[at] as number] !== 0 && at - start <= longestMethod) at++;
  return at > start && buffer[at] === SP && buffer[at + 1] === 0x2f;
}
