/**
 * The server's side of the OpenFeature Remote Evaluation Protocol (open-feature/protocol, service/openapi.yaml 0.3.0), as a pure function: what
 * is answered to a request, given the flags and what is known of who asks.
 *
 * Where clients in use are stricter than the protocol, they are right: every flag comes with a value and a variant (those that leave one out
 * crash older clients), a key is only asked for where a flag needs it, an empty body is an empty context, and the entity tag is of the answer
 * and not of the definitions: clients keep it when their context changes.
 */
import { createHash } from 'node:crypto';
import type { Evaluated, Flags, GivenContext } from './evaluate.ts';

/** Below whatever the server's base is. */
export const evaluatePath = '/ofrep/v1/evaluate/flags';
/** Tells open pages that they should ask again. */
export const eventsPath = '/ofrep/v1/events';

/** A request as it came. */
export interface OfrepRequest {
  readonly method: string;
  /** From `/ofrep/` on; a query is not looked at. */
  readonly path: string;
  readonly body: string;
  readonly ifNoneMatch: string | null;
}

export interface OfrepAnswer {
  readonly status: 200 | 204 | 304 | 400 | 404 | 405;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; null where there is none. */
  readonly body: string | null;
}

export interface OfrepContext {
  readonly flags: Flags;
  /** `teal` of the context; what the client says there is thrown away. */
  readonly teal: (given: GivenContext) => object;
  /** Where changes are told, as URL or path; null: nowhere. */
  readonly events: string | null;
  /** Told of each flag that somebody asked for by name, or got with all others. */
  readonly count: (evaluated: Evaluated, named: boolean) => void;
}

/** Browsers of other origins may ask: nothing is answered that a cookie of theirs would open. */
export const crossOrigin: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag',
};

const preflight: Readonly<Record<string, string>> = {
  ...crossOrigin,
  'access-control-allow-methods': 'POST, GET, OPTIONS',
  'access-control-allow-headers':
    'content-type, if-none-match, authorization, x-api-key, traceparent, tracestate',
  'access-control-max-age': '7200',
};

/** Answers a request below `/ofrep/`, but for the stream of events. */
export function ofrep(request: OfrepRequest, context: OfrepContext): OfrepAnswer {
  const key = keyOf(request.path);
  if (key === undefined)
    return json(404, { errorDetails: 'there is nothing here; ask POST /ofrep/v1/evaluate/flags' });
  if (request.method === 'OPTIONS') return { status: 204, headers: preflight, body: null };
  if (request.method !== 'POST') {
    const { status, headers, body } = json(405, {
      errorDetails: `${request.method} is not for this: POST is`,
    });
    return { status, headers: { ...headers, allow: 'POST, OPTIONS' }, body };
  }
  const given = contextIn(request.body);
  if ('code' in given) {
    const { code: errorCode, says: errorDetails } = given;
    return json(400, key === null ? { errorCode, errorDetails } : { key, errorCode, errorDetails });
  }
  const asking: GivenContext = { ...given.context, teal: context.teal(given.context) };
  return key === null ? bulk(request, asking, context) : single(key, asking, context);
}

/** Null: all of them. Undefined: nothing of ours. */
function keyOf(path: string): string | null | undefined {
  const [plain = ''] = path.split('?', 1);
  if (!plain.startsWith(evaluatePath)) return undefined;
  const rest = plain.slice(evaluatePath.length);
  if (rest === '' || rest === '/') return null;
  if (!rest.startsWith('/') || rest.length > mostKey || rest.includes('/', 1)) return undefined;
  try {
    return decodeURIComponent(rest.slice(1));
  } catch {
    return undefined;
  }
}

/** Longer than any name that teal.yaml takes, also when every character of it is escaped. */
const mostKey = 400;

interface Refused {
  readonly code: 'PARSE_ERROR' | 'INVALID_CONTEXT';
  readonly says: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function contextIn(body: string): { readonly context: GivenContext } | Refused {
  if (body.trim() === '') return { context: {} };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { code: 'PARSE_ERROR', says: 'the body is not JSON' };
  }
  if (!isObject(value)) return { code: 'INVALID_CONTEXT', says: 'the body is not a JSON object' };
  const { context = {} } = value;
  if (context === null) return { context: {} };
  if (!isObject(context)) return { code: 'INVALID_CONTEXT', says: 'context is not a JSON object' };
  const { targetingKey } = context;
  if (targetingKey !== undefined && typeof targetingKey !== 'string')
    return { code: 'INVALID_CONTEXT', says: 'targetingKey is not a string' };
  return { context };
}

function single(key: string, asking: GivenContext, { flags, count }: OfrepContext): OfrepAnswer {
  const evaluated = flags.evaluate(key, asking);
  count(evaluated, true);
  return json(evaluated.ok ? 200 : evaluated.code === 'FLAG_NOT_FOUND' ? 404 : 400, told(evaluated));
}

function bulk({ ifNoneMatch }: OfrepRequest, asking: GivenContext, context: OfrepContext): OfrepAnswer {
  const { flags, events, count } = context;
  const all = flags.keys.map((key) => flags.evaluate(key, asking));
  for (const each of all) count(each, false);
  const body = JSON.stringify({
    flags: all.map(told),
    metadata: { version: flags.revision },
    ...(events === null
      ? {}
      : { eventStreams: [{ type: 'sse', ...streamAt(events), inactivityDelaySec: 120 }] }),
  });
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = { ...crossOrigin, etag, 'cache-control': 'no-cache', vary: 'authorization, cookie' };
  if (ifNoneMatch !== null && names(ifNoneMatch, etag)) return { status: 304, headers, body: null };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body };
}

const streamAt = (events: string): object =>
  events.startsWith('/') ? { endpoint: { requestUri: events } } : { url: events };

/** RFC 9110 §13.1.2, compared weakly. */
const names = (list: string, etag: string): boolean =>
  list.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

function told(evaluated: Evaluated): object {
  if (!evaluated.ok) {
    const { key, code: errorCode, says: errorDetails } = evaluated;
    return { key, errorCode, errorDetails };
  }
  const { key, value, reason, variant, metadata } = evaluated;
  return { key, value, reason, variant, metadata };
}

const json = (status: OfrepAnswer['status'], value: object): OfrepAnswer => ({
  status,
  headers: { ...crossOrigin, 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

/** What is sent to a page that should ask again. @param now milliseconds since the epoch */
export const refetch = (epoch: string, now: number): string =>
  `event: message\nid: ${epoch}\ndata: ${JSON.stringify({ type: 'refetchEvaluation', etag: epoch, lastModified: Math.floor(now / 1000) })}\n\n`;
