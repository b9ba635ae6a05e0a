import { randomBytes } from 'node:crypto';
import { field } from './known-fields.ts';
import type { RequestHead } from './request-head.ts';

/**
 * W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/). Teal records no spans, so it does not make
 * itself a parent: what is valid goes on as it came, from whoever it came (§4: a trace is continued unless there is a
 * reason not to; an id opens nothing here). What is invalid is dropped, and a new trace begins, as §4.3 asks.
 */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The header lines for the app. */
  readonly lines: string;
}

/** version-traceid-parentid-flags; later versions may go on after another dash (§4.3). */
const parentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const noTrace = '0'.repeat(32);
const noParent = '0'.repeat(16);

/** §3.3.1.1: the list may not be longer than 32 members. */
const mostMembers = 32;
const key = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
/** Printable ASCII without comma and equals sign; not ending with a blank. */
const value = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * The trace of a request: the client's, or a new one.
 * The flag of a new one says sampled: Teal's own record is the access log, and with `00` the usual samplers
 * (parent-based) would stop tracing altogether.
 */
export function traceOf(head: RequestHead, random: (bytes: number) => string = randomHex): TraceContext {
  let parents = 0;
  let parent = '';
  let states = '';
  const { fields } = head;
  for (let index = 0; index < fields.count; index++) {
    const id = fields.id[index] as number;
    if (id === field.traceparent) {
      parents++;
      parent = head.value(index);
    } else if (id === field.tracestate) {
      // Several are one list (RFC 9110 §5.3).
      states = states === '' ? head.value(index) : `${states},${head.value(index)}`;
    }
  }
  const traceId = parents === 1 ? traceIdOf(parent) : null;
  if (traceId !== null) {
    const state = states !== '' && isTraceState(states) ? `tracestate: ${states}\r\n` : '';
    return { traceId, lines: `traceparent: ${parent}\r\n${state}` };
  }
  const begun = random(16);
  return { traceId: begun, lines: `traceparent: 00-${begun}-${random(8)}-01\r\n` };
}

/** The trace id of a valid `traceparent`, or null. */
export function traceIdOf(parent: string): string | null {
  const match = parentPattern.exec(parent);
  if (match === null) return null;
  const [, version = '', traceId = '', parentId = '', , more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  return traceId === noTrace || parentId === noParent ? null : traceId;
}

/** Whether a whole `tracestate` is well-formed (§3.3); one bad member makes all of it worthless. */
export function isTraceState(list: string): boolean {
  const seen = new Set<string>();
  for (const part of list.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    const equals = member.indexOf('=');
    const name = member.slice(0, Math.max(equals, 0));
    if (!key.test(name) || !value.test(member.slice(equals + 1)) || seen.has(name)) return false;
    seen.add(name);
  }
  return seen.size > 0 && seen.size <= mostMembers;
}

/** One call for many ids: each call into OpenSSL costs more than all the rest here. */
const poolBytes = 8 * 1024;
let pool = '';
let taken = 0;

function randomHex(bytes: number): string {
  const digits = bytes * 2;
  if (taken + digits > pool.length) {
    pool = randomBytes(poolBytes).toString('hex');
    taken = 0;
  }
  taken += digits;
  return pool.slice(taken - digits, taken);
}
