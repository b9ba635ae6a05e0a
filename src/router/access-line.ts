import type { Colour } from '../release/state.ts';

/**
 * How a request ended. `ok`: the app's answer went out whole. `redirected`: by Teal, to where a preview link leads.
 * `refused`: Teal's answer instead of the app's, as a rule or a limit says. `failed`: Teal's answer, since the app gave
 * none. `broken`: begun, and not whole. `client-gone`: nobody was there to read it. `drained`: a stream closed since
 * traffic left its environment. `cut`: still open at the end of a drain.
 */
export type Outcome =
  | 'ok'
  | 'redirected'
  | 'refused'
  | 'failed'
  | 'broken'
  | 'client-gone'
  | 'drained'
  | 'cut';

export const outcomes: readonly Outcome[] = [
  'ok',
  'redirected',
  'refused',
  'failed',
  'broken',
  'client-gone',
  'drained',
  'cut',
];

/** One request in the access log: one JSON object a line, always with every key. Times are in milliseconds. */
export interface AccessLine extends Known, Ended {}

/** What is known of a request when it begins. */
export interface Known {
  /** Null when it was refused before it had one. */
  readonly app: string | null;
  readonly environment: Colour | null;
  readonly version: string | null;
  readonly role: string | null;
  /** Which rule sent it there, or refused it. */
  readonly rule: string;
  /** Of the routing table that was asked. */
  readonly generation: number;
  readonly method: string | null;
  readonly host: string | null;
  /** With as much of the query as `router.access-log-query` says; preview tokens are never in it. */
  readonly path: string | null;
  readonly protocol: string | null;
  readonly client: string;
  readonly requestId: string | null;
  /** Of `traceparent`, with `router.trace: on`. */
  readonly traceId: string | null;
}

/** What is known when it has ended. */
export interface Ended {
  /** When its head was read: ISO 8601, UTC. */
  readonly time: string;
  /** The instance that had it last. */
  readonly endpoint: string | null;
  /** As the client saw it; null when it saw none. */
  readonly status: number | null;
  readonly outcome: Outcome;
  /** Teal's own error code, the same as in `X-Teal-Error`. */
  readonly code: string | null;
  /** How many connections to the app it was given to. */
  readonly tries: number;
  /** Content, without heads and framing; of a WebSocket all bytes. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the head read to the end. */
  readonly ms: number;
  /** Until its head was sent to the app. */
  readonly connectMs: number | null;
  /** Until the first byte of the app's answer. */
  readonly firstByteMs: number | null;
  /** Process id. */
  readonly worker: number;
}

/** Instead of the lines that found no room in memory, because the disk did not keep up. */
export interface DroppedLines {
  readonly time: string;
  readonly worker: number;
  readonly dropped: number;
}

/** Text of one line, with its end. By hand, and of two objects: it is written for every request. */
export function formatAccessLine(known: Known, ended: Ended): string {
  return (
    `{"time":"${ended.time}","app":${text(known.app)},"environment":${text(known.environment)}` +
    `,"version":${text(known.version)},"role":${text(known.role)},"endpoint":${text(ended.endpoint)}` +
    `,"rule":"${known.rule}","generation":${known.generation},"method":${text(known.method)}` +
    `,"host":${text(known.host)},"path":${text(known.path)},"protocol":${text(known.protocol)}` +
    `,"status":${ended.status ?? 'null'},"outcome":"${ended.outcome}","code":${text(ended.code)}` +
    `,"tries":${ended.tries},"bytesIn":${ended.bytesIn},"bytesOut":${ended.bytesOut}` +
    `,"ms":${thousandths(ended.ms)},"connectMs":${thousandths(ended.connectMs)}` +
    `,"firstByteMs":${thousandths(ended.firstByteMs)},"client":${text(known.client)}` +
    `,"requestId":${text(known.requestId)},"traceId":${text(known.traceId)},"worker":${ended.worker}}\n`
  );
}

export function formatDroppedLines({ time, worker, dropped }: DroppedLines): string {
  return `{"time":"${time}","worker":${worker},"dropped":${dropped}}\n`;
}

/** What needs no escape in JSON. */
const plain = /^[ !#-[\]-~]*$/;

function text(value: string | null): string {
  if (value === null) return 'null';
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Microseconds are what the clock tells apart. */
function thousandths(ms: number | null): string {
  return ms === null ? 'null' : `${Math.round(ms * 1000) / 1000}`;
}
