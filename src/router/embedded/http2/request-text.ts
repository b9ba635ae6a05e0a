import { targetByte } from '../bytes.ts';
import type { HeadFault } from '../next-head.ts';
import { isFieldName, isFieldValue, isOfConnections } from './fields.ts';

/**
 * The head of a request of HTTP/2 as the text of HTTP/1.1 that says the same (RFC 9113 §8.3.1), for the parser that
 * reads all requests. Nothing gets into that text that could end a line, a target or a method early.
 */

/** Whether the request ended with its head. */
export interface HeadEnd {
  readonly ends: boolean;
}

const methodPattern = /^[A-Z-]{1,32}$/;
/** With a body that isn't there these are sent with a length: many apps demand one. */
const usuallyWithBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

interface Parts {
  method: string | null;
  target: string | null;
  scheme: string | null;
  authority: string | null;
  host: string | null;
  cookie: string;
  hasLength: boolean;
  /** Of fields. */
  count: number;
  lines: string;
}

/** `:protocol` is not among them, since it is not offered (RFC 8441). */
const pseudo: ReadonlyMap<string, 'method' | 'target' | 'scheme' | 'authority'> = new Map([
  [':method', 'method'],
  [':path', 'target'],
  [':scheme', 'scheme'],
  [':authority', 'authority'],
]);

/**
 * @param raw names and values in turn, as they came
 * @returns the text with its empty line, or what is wrong
 */
export function requestText(raw: readonly string[], { ends }: HeadEnd): { text: string } | HeadFault {
  const parts: Parts = {
    method: null,
    target: null,
    scheme: null,
    authority: null,
    host: null,
    cookie: '',
    hasLength: false,
    count: 0,
    lines: '',
  };
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    const fault = name.startsWith(':') ? takePseudo(parts, name, value) : takeField(parts, name, value);
    if (fault !== null) return fault;
  }
  const fault = judge(parts);
  if (fault !== null) return fault;
  const { method, target, lines, cookie } = parts;
  const host = parts.authority || parts.host || '';
  return {
    text: `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${lines}${cookieLine(cookie)}${framing(parts, ends)}\r\n`,
  };
}

function takePseudo(parts: Parts, name: string, value: string): HeadFault | null {
  const key = pseudo.get(name);
  // Before the fields, and once each.
  if (key === undefined || parts[key] !== null || parts.count > 0) return 'bad-request-line';
  parts[key] = value;
  return null;
}

function takeField(parts: Parts, name: string, value: string): HeadFault | null {
  parts.count++;
  if (!isFieldName(name)) return 'bad-field-name';
  if (!isFieldValue(value)) return 'bad-field-value';
  if (isOfConnections(name)) return 'bad-field-name';
  switch (name) {
    case 'te':
      if (value.toLowerCase() !== 'trailers') return 'bad-field-value';
      break;
    case 'host':
      if (parts.host !== null) return 'several-hosts';
      parts.host = value;
      return null;
    case 'cookie':
      // May come in pieces, and is one field everywhere else (RFC 9113 §8.2.3).
      parts.cookie = parts.cookie === '' ? value : `${parts.cookie}; ${value}`;
      return null;
    case 'content-length':
      parts.hasLength = true;
      break;
    default:
  }
  parts.lines += `${name}: ${value}\r\n`;
  return null;
}

function judge({ method, target, scheme, authority, host }: Parts): HeadFault | null {
  if (method === null) return 'bad-request-line';
  if (!methodPattern.test(method) || method === 'CONNECT') return 'method-not-allowed';
  if (target === null || scheme === null) return 'bad-request-line';
  if (!/^https?$/i.test(scheme)) return 'bad-request-line';
  // Never absolute here: the authority has a field of its own.
  if (!isTarget(target) || (target !== '*' && !target.startsWith('/'))) return 'bad-target';
  return judgeHost(authority ?? '', host);
}

/** The two names of one thing have to agree: apps look at either (RFC 9113 §8.3.1). */
function judgeHost(authority: string, host: string | null): HeadFault | null {
  if (authority === '') return host === null || host === '' ? 'host-missing' : null;
  if (!isFieldValue(authority)) return 'bad-host';
  return host !== null && host.toLowerCase() !== authority.toLowerCase() ? 'host-mismatch' : null;
}

function isTarget(target: string): boolean {
  for (let at = 0; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code > 0xff || targetByte[code] === 0) return false;
  }
  return target.length > 0;
}

function cookieLine(cookie: string): string {
  return cookie === '' ? '' : `cookie: ${cookie}\r\n`;
}

/** Only for the parser: how the body really ends is told by the stream. */
function framing({ method, hasLength }: Parts, ends: boolean): string {
  if (hasLength) return '';
  if (!ends) return 'transfer-encoding: chunked\r\n';
  return usuallyWithBody.has(method ?? '') ? 'content-length: 0\r\n' : '';
}
