import type { Context, Hono } from 'hono';
import { TealError } from '../../errors.ts';
import type { By } from '../apps.ts';
import { envOf } from './caller.ts';
import { limitOf } from './events.ts';
import { keyed, type Once } from './once.ts';
import { problemOf, problemType } from './problem.ts';
import { parse, parseQuery } from './read.ts';
import { patienceWith, readJson } from './read-json.ts';
import type { Asked, Handler, Route, Source } from './route.ts';
import { routeEntries, type Handlers } from './routes/routes.ts';
import type { Streams } from './streams.ts';

export interface Mounting {
  readonly handlers: Handlers;
  readonly streams: Streams;
  readonly once: Once;
  /** Who asks. @throws TealError when they may not */
  readonly admit: (c: Context, route: Route) => By | Promise<By>;
  /** Aborted when the control plane ends. */
  readonly closing: AbortSignal;
}

const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** Mounts every route, and refuses what is asked of their paths in another way. */
export function mount(app: Hono, mounting: Mounting): void {
  for (const [id, route] of routeEntries)
    app.on(route.method, [route.path], (c) => serve(c, { route, id, mounting }));
  const methods = Map.groupBy(routeEntries, ([, { path }]) => path);
  for (const [path, entries] of methods) {
    const allow = entries.flatMap(([, { method }]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(path, (c) => otherMethod(c, [...allow, 'OPTIONS'].join(', ')));
  }
}

interface Serving {
  readonly id: keyof Handlers;
  readonly route: Route;
  readonly mounting: Mounting;
}

async function serve(c: Context, { route, id, mounting }: Serving): Promise<Response> {
  const by = await mounting.admit(c, route);
  const params = parse(route.params, c.req.param());
  const query = parseQuery(route.query, c.req.url);
  const headers = route.headers === undefined ? undefined : parse(route.headers, namedIn(c, route.headers));
  const patience = patienceWith(route.role === 'anyone');
  const body = route.body === undefined ? undefined : parse(route.body, await readJson(c.req.raw, patience));
  const afterwards: (() => void)[] = [];
  const head = new Headers();
  const { caller = null, from = nowhere, tell = () => undefined } = envOf(c);
  const asked: Asked<Route> = {
    params: params as never,
    query: query as never,
    headers: headers as never,
    body: body as never,
    by,
    caller,
    from,
    request: c.req.raw,
    head,
    tell,
    lastEventId: lastEventId(c),
    signal: AbortSignal.any([c.req.raw.signal, mounting.closing]),
    afterwards: (run) => afterwards.push(run),
  };
  const handler = mounting.handlers[id] as unknown as Handler<Route>;
  const key = c.req.header('idempotency-key');
  const answer =
    key === undefined || route.acts !== true
      ? respond(c, { route, given: await untilGone(handler, asked), streams: mounting.streams })
      : await onlyOnce(c, { asked, handler, once: mounting.once, key });
  for (const [name, value] of head) answer.headers.append(name, value);
  // After what has been given to the connection has left.
  for (const run of afterwards) setImmediate(run);
  return answer;
}

const nowhere = { address: null, agent: null };

function namedIn(c: Context, { entries }: NonNullable<Route['headers']>): Readonly<Record<string, string>> {
  const given = Object.keys(entries).flatMap((name) => {
    const value = c.req.header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/** What was waited for, and is given up: because the client has gone, who is told nothing, or because Teal is being ended. */
async function untilGone(handler: Handler<Route>, asked: Asked<Route>): Promise<unknown> {
  try {
    return await handler(asked);
  } catch (error) {
    if (error instanceof TealError || !asked.signal.aborted) throw error;
    throw new TealError('control-unavailable', 'Teal is being ended: it is not waited for any more.', {
      remedy: 'ask again when it runs: teal status',
    });
  }
}

interface Responding {
  readonly route: Route;
  readonly given: unknown;
  readonly streams: Streams;
}

function respond(c: Context, { route: { answer, path }, given, streams }: Responding): Response {
  const type = answer.kind === 'events' ? 'text/event-stream' : 'application/x-ndjson';
  const streaming = typeof given === 'function';
  // What goes on has no end to wait for.
  if (streaming && c.req.raw.method === 'HEAD') return c.body(null, 200, { 'content-type': type });
  if (streaming && answer.kind === 'events') return streams.text(c, type, given as Source<string>);
  if (streaming) return streams.lines(c, given as Source<unknown>);
  if (answer.kind === 'text') return c.body(given as string, 200, { 'content-type': answer.type });
  const older = path === '/v1/events' ? olderLink(c.req.url, given) : {};
  return c.body(JSON.stringify(given), 200, { ...json, ...older });
}

/** RFC 8288: where the page before is, unless this one has the first event of all that are asked for. */
function olderLink(url: string, given: unknown): Readonly<Record<string, string>> {
  const { pathname, searchParams } = new URL(url);
  const page = given as readonly { readonly seq: number }[];
  const asked = searchParams.get('limit') ?? '';
  const last = page.at(-1);
  if (last === undefined || page.length < limitOf(asked === '' ? undefined : Number(asked))) return {};
  searchParams.set('before', String(last.seq));
  return { link: `<${pathname}?${searchParams.toString()}>; rel="next"` };
}

interface OnlyOnce {
  readonly asked: Asked<Route>;
  readonly handler: Handler<Route>;
  readonly once: Once;
  readonly key: string;
}

async function onlyOnce(c: Context, { asked, handler, once, key }: OnlyOnce): Promise<Response> {
  const { actor } = asked.by;
  const { pathname, search } = new URL(c.req.url);
  const request = keyed(key, { actor, what: [pathname, search, asked.body] });
  const { status, body, again } = await once.answer(request, async () => {
    try {
      const by = { ...asked.by, request: request.id };
      const given = await untilGone(handler, { ...asked, by });
      return { status: 200, body: JSON.stringify(given) };
    } catch (error) {
      // A refusal is an answer, too: whoever sends it again is refused again. A fault of ours is none.
      if (!(error instanceof TealError) || problemOf(error).status >= 500) throw error;
      const problem = problemOf(error);
      return { status: problem.status, body: JSON.stringify(problem) };
    }
  });
  return new Response(body, {
    status,
    headers: {
      ...json,
      ...(status >= 400 ? { 'content-type': problemType } : {}),
      ...(again ? { 'idempotency-replayed': 'true' } : {}),
    },
  });
}

/** @throws TealError `usage` */
function lastEventId(c: Context): number | null {
  const text = c.req.header('last-event-id') ?? '';
  if (text === '') return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TealError('usage', 'Last-Event-ID is not the id of an event.', {
    remedy: 'send the id of the last event that came, or none',
  });
}

function otherMethod(c: Context, allow: string): Response {
  if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow });
  throw new TealError('method-not-allowed', `${c.req.method} is not for ${c.req.path}.`, {
    remedy: `one of: ${allow}`,
    details: { allow },
  });
}
