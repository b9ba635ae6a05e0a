import { lastGet } from '../rig.ts';

/**
 * One request and its answer through the router, octet for octet: what the client sends, what the app sees, what the
 * app answers, and what the client gets. What the router adds to every message is left out (see `plain`).
 */
export interface Row {
  readonly says: string;
  /** What asks for it. */
  readonly rfc: string;
  readonly sends: string;
  /** The whole message as the app sees it; null: the app sees nothing. */
  readonly sees: string | null;
  /** `ok('x')` unless it is said. */
  readonly app?: string;
  /** The app closes behind its answer. */
  readonly appCloses?: boolean;
  /** Everything up to the answer to the next request, or to the end of the connection. */
  readonly gets: string;
  /** The router closes behind it: whatever the client sends next is not answered. */
  readonly closes?: boolean;
}

/** What the router adds to each request (where it comes from, and what it goes to), and how it keeps connections. */
const requestAdded =
  /^(?:Via: .*1\.[01] teal|X-Request-Id: .*|X-Forwarded-(?:For|Proto|Host): .*|x-teal-.*|Connection: keep-alive)\r\n/gm;
const responseAdded = /^(?:Connection: keep-alive|Keep-Alive: timeout=10)\r\n/gm;

export const plainRequest = (text: string): string => text.replace(requestAdded, '');
export const plainResponse = (text: string): string => text.replace(responseAdded, '');

/** Lines and a body as one message. */
export function message(lines: readonly string[], body = ''): string {
  return [...lines, '', body].join('\r\n');
}

export const dated = 'Date: Mon, 01 Jan 2024 00:00:00 GMT';

/** An answer with a date, as apps give it. */
export function ok(body: string, ...lines: readonly string[]): string {
  return message(['HTTP/1.1 200 OK', dated, ...lines, `Content-Length: ${body.length}`], body);
}

/** It closes behind the last request. */
export const next = lastGet('/next');
export const toNext = 'at next';

/** A request with these lines, as it is sent and, for most, as it arrives. */
export function get(target: string, ...lines: readonly string[]): string {
  return message([`GET ${target} HTTP/1.1`, 'Host: shop.test', ...lines]);
}

export function chunked(status: string, body: string, ...lines: readonly string[]): string {
  return message([`HTTP/1.1 ${status}`, dated, ...lines, 'Transfer-Encoding: chunked'], body);
}
