import { Hono, type Context } from 'hono';
import { TealError } from '../../errors.ts';
import { evaluatePath, eventsPath, ofrep, refetch } from '../../features/ofrep.ts';
import { authorize } from '../access/authorize.ts';
import { signedIn, type CallerEnv } from '../access/caller.ts';
import { neededFor } from '../access/needs.ts';
import { envOf } from '../api/caller.ts';
import { problemResponse } from '../api/problem.ts';
import { patienceWith, readText } from '../api/read-json.ts';
import { Streams } from '../api/streams.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import { flagsIn, type AskedFlags } from './asked.ts';

type Env = { Bindings: CallerEnv };

/** A stream that is silent for longer is given up by what lies between. */
const heartbeatMs = 15_000;

/**
 * Flags of an app for servers, jobs and other services: OFREP, and the definitions for providers of flagd that evaluate by themselves. Who asks
 * has a token of Teal's, so that what it says of whom it asks for is believed. Browsers ask the router, which knows who they are.
 */
export function flagPages(deps: Deps, closing: AbortSignal): Hono<Env> {
  const app = new Hono<Env>();
  const streams = new Streams(deps.log, closing);
  const base = '/v1/apps/:app';
  const flagsOf = (c: Context<Env>): AskedFlags & { readonly app: string } => {
    const named = c.req.param('app') ?? '';
    admitted(c, deps);
    const { config, app: name } = known(deps, named);
    return { ...flagsIn(deps.apps.state(name), config), app: name };
  };
  const evaluate = async (c: Context<Env>): Promise<Response> => {
    const { app: name, flags, epoch, tealFor } = flagsOf(c);
    const body = await readText(c.req.raw, patienceWith(false));
    const path = c.req.path.slice(c.req.path.indexOf('/ofrep/'));
    const request = { method: 'POST', path, body, ifNoneMatch: c.req.header('if-none-match') ?? null };
    const events = `/v1/apps/${encodeURIComponent(name)}${eventsPath}?epoch=${epoch}`;
    const answer = ofrep(request, {
      flags,
      teal: tealFor,
      events,
      count: (evaluated, how) => deps.usage.count(name, evaluated, how),
    });
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };
  app.post(`${base}${evaluatePath}`, evaluate);
  app.post(`${base}${evaluatePath}/:key`, evaluate);
  app.get(`${base}${eventsPath}`, (c) => {
    const { app: name, epoch } = flagsOf(c);
    const from = c.req.query('epoch') ?? epoch;
    return streams.text(c, 'text/event-stream', (signal) => changes(deps, { app: name, from }, signal));
  });
  app.get(`${base}/flagd`, (c) => {
    const { set } = flagsOf(c);
    const etag = `"${set.metadata.version}"`;
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
    return c.json(set, 200, { etag, 'cache-control': 'no-cache' });
  });
  app.notFound((c) =>
    problemResponse(
      new TealError('not-found', `There is nothing at ${c.req.path.slice(0, 100)} for ${c.req.method}.`, {
        remedy: `flags are asked for by POST …${evaluatePath}`,
      }),
    ),
  );
  app.onError((error, c) => {
    if (error instanceof TealError) return problemResponse(error);
    deps.log.error({ error, path: c.req.path }, 'flags could not be evaluated');
    return c.json({ errorDetails: 'Teal failed' }, 500);
  });
  return app;
}

/** Whether a path is one of these. */
export const isForFlags = (path: string): boolean => /^\/v1\/apps\/[^/]+\/(?:ofrep\/|flagd$)/.test(path);

/** The guard has asked; it is asked again of the route that was found. @throws TealError `not-allowed` */
function admitted(c: Context<Env>, deps: Deps): void {
  const { caller = null, from } = envOf(c);
  if (from === undefined) return;
  const needed = neededFor(c.req.method, c.req.path);
  authorize(signedIn(caller), needed, deps.apps);
}

async function* changes(
  deps: Deps,
  { app, from }: { readonly app: string; readonly from: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  let told = from;
  let wake = Promise.withResolvers<void>();
  const unlisten = deps.apps.listen((state) => {
    if (state.app === app) wake.resolve();
  });
  const gone = (): void => wake.resolve();
  signal.addEventListener('abort', gone);
  try {
    yield 'retry: 1000\n\n';
    while (!signal.aborted) {
      const state = deps.apps.state(app);
      if (state.config === null) return;
      const { epoch } = flagsIn(state, state.config);
      if (epoch !== told) yield refetch((told = epoch), deps.wall());
      const timer = setTimeout(() => wake.resolve(), heartbeatMs).unref();
      await wake.promise;
      clearTimeout(timer);
      wake = Promise.withResolvers<void>();
      if (deps.apps.state(app) === state) yield ': still here\n\n';
    }
  } finally {
    unlisten();
    signal.removeEventListener('abort', gone);
  }
}
