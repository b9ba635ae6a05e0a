import type { CompiledEnvironment } from './compiled-table.ts';
import { hasOwnCookie, withoutOwnCookies } from './own-cookies.ts';
import type { Fields } from './fields.ts';
import { field, fieldCount } from './known-fields.ts';
import type { Peer } from './peer.ts';
import type { RequestHead } from './request-head.ts';
import type { TraceContext } from './trace-context.ts';

/**
 * The head that goes to the app: the client's fields as they came, without the hop-by-hop ones (RFC 9110 §7.6.1) and
 * without any that only a proxy may set, followed by ours. Framing is always written anew, never copied.
 */

/** Known fields that are not passed on as they came. */
const dropped = new Uint8Array(fieldCount);
for (const name of [
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'x-teal-preview',
  'via',
  'host',
] as const) {
  dropped[field[name]] = 1;
}

/** Known fields that only a trusted proxy may send. */
const proxyOnly = new Uint8Array(fieldCount);
for (const name of ['forwarded', 'x-forwarded-port', 'x-forwarded-server'] as const)
  proxyOnly[field[name]] = 1;

export interface Outgoing {
  readonly peer: Peer;
  readonly environment: CompiledEnvironment;
  /** Further `x-teal-*` lines, each with CRLF. */
  readonly visitor?: string;
  readonly requestId: string;
  /** Null: `traceparent` and `tracestate` go on as they came, unread. */
  readonly trace: TraceContext | null;
  /** For an HTTP/1.0 request that named none. */
  readonly fallbackHost: string;
}

export function rewriteRequest(head: RequestHead, outgoing: Outgoing): string {
  const { peer, environment, visitor = '', requestId, trace } = outgoing;
  const host = head.host === '' ? outgoing.fallbackHost : head.host;
  return (
    `${head.method} ${head.target} HTTP/1.1\r\nHost: ${host}\r\n` +
    keptFields(head, (index) => drops(head, outgoing, index)) +
    cookies(head) +
    framing(head) +
    // Only within HTTP/2 does it need no `Connection: TE`.
    (head.trailers && environment.upstream.protocol === 'h2c' ? 'TE: trailers\r\n' : '') +
    peer.forwarded(head, host) +
    `Via: ${viaOf(head)}${head.version} teal\r\nX-Request-Id: ${requestId}\r\n` +
    (trace === null ? '' : trace.lines) +
    environment.headers +
    visitor +
    (head.websocket ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n' : 'Connection: keep-alive\r\n\r\n')
  );
}

/** The lines that are not dropped, in as few slices of the head's text as possible. */
export function keptFields(
  head: { readonly text: string; readonly base: number; readonly fields: Fields },
  drop: (index: number) => boolean,
): string {
  const { fields, base, text } = head;
  if (fields.count === 0) return '';
  let kept = '';
  let from = fields.nameStart[0] as number;
  for (let index = 0; index < fields.count; index++) {
    if (!drop(index)) continue;
    const start = fields.nameStart[index] as number;
    if (start > from) kept += text.slice(from - base, start - base);
    from = fields.lineEnd(index);
  }
  return fields.end > from ? kept + text.slice(from - base, fields.end - base) : kept;
}

function drops(head: RequestHead, { peer, trace }: Outgoing, index: number): boolean {
  const { fields } = head;
  const id = fields.id[index] as number;
  if (id !== 0) {
    if (dropped[id] === 1 || fields.twin[index] === 1) return true;
    if (id === field.cookie) return hasOwnCookie(head.cookie);
    if (id === field.expect) return !head.expectsContinue;
    if (proxyOnly[id] === 1) return !peer.trusted;
    if (trace !== null && (id === field.traceparent || id === field.tracestate)) return true;
  }
  return (id === 0 && isReserved(head, peer, index)) || (head.listed.length > 0 && isListed(head, index));
}

/** `x-teal-*` in any spelling: what the app reads there comes from us alone; other `x-forwarded-*` from trusted peers. */
function isReserved(head: RequestHead, peer: Peer, index: number): boolean {
  const start = (head.fields.nameStart[index] as number) - head.base;
  const first = head.text.charCodeAt(start) | 0x20;
  if (first !== 0x78) return false;
  const written = nameOf(head, index);
  const name = written.replaceAll('_', '-');
  if (name.startsWith('x-teal-')) return true;
  return name.startsWith('x-forwarded-') && (!peer.trusted || written !== name);
}

export function isListed(
  head: {
    readonly text: string;
    readonly base: number;
    readonly fields: Fields;
    readonly listed: readonly string[];
  },
  index: number,
): boolean {
  return head.listed.includes(nameOf(head, index));
}

export function nameOf(
  head: { readonly text: string; readonly base: number; readonly fields: Fields },
  index: number,
): string {
  const { fields, base, text } = head;
  return text
    .slice((fields.nameStart[index] as number) - base, (fields.nameEnd[index] as number) - base)
    .toLowerCase();
}

function cookies(head: RequestHead): string {
  if (head.cookie === '' || !hasOwnCookie(head.cookie)) return '';
  const rest = withoutOwnCookies(head.cookie);
  return rest === '' ? '' : `Cookie: ${rest}\r\n`;
}

function framing(head: RequestHead): string {
  if (head.chunked) return 'Transfer-Encoding: chunked\r\n';
  return head.length >= 0 ? `Content-Length: ${head.length}\r\n` : '';
}

function viaOf(head: RequestHead): string {
  let via = '';
  for (let index = 0; index < head.fields.count; index++) {
    if (head.fields.id[index] === field.via && head.fields.twin[index] === 0) via += `${head.value(index)}, `;
  }
  return via;
}
