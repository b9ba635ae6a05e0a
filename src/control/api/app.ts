import { Hono, type Context } from 'hono';
import { didYouMean } from '../../config/did-you-mean.ts';
import { TealError } from '../../errors.ts';
import { authorize, type Together } from '../access/authorize.ts';
import { signedIn } from '../access/caller.ts';
import type { By } from '../apps.ts';
import { envOf } from './caller.ts';
import { commandNames } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { handlers, type ApiOptions } from './handlers.ts';
import { mount } from './mount.ts';
import { once } from './once.ts';
import { problemResponse } from './problem.ts';
import type { Route } from './route.ts';
import { Streams } from './streams.ts';

/** The HTTP API: the routes of routes/routes.ts. */
export function api(deps: Deps, options: ApiOptions): Hono {
  const app = new Hono();
  mount(app, {
    handlers: handlers(deps, options),
    streams: new Streams(deps.log, options.closing),
    once: once(deps.store, deps.now),
    admit: (c, route) => admitted(c, route, deps.apps),
    closing: options.closing,
  });
  app.notFound((c) => problemResponse(nothingAt(c)));
  app.onError((error, c) => {
    if (error instanceof TealError) return problemResponse(error);
    deps.log.error({ error, path: c.req.path }, 'a request of the API failed');
    return problemResponse(
      new TealError('internal', `Teal failed: ${error.message}`, {
        remedy: 'see the log of teal up, and report it',
      }),
    );
  });
  return app;
}

/**
 * The guard has let them in by what the path looked like to it; here it is known which route it is, and asked again: should the two ever
 * disagree, nobody comes in between them.
 * @throws TealError `not-signed-in`, `not-allowed`
 */
function admitted(c: Context, { role, about, method, path }: Route, together: Together): By {
  const { caller = null, from } = envOf(c);
  if (from !== undefined && role !== 'anyone') {
    const { app = null, group = null } = c.req.param() as Readonly<Record<string, string>>;
    const needed = { role, about, app, group, what: `${method} ${path}`, changes: false };
    authorize(signedIn(caller), needed, together);
  }
  return { actor: caller?.actor ?? 'user:unknown', reason: null };
}

/** Long enough for any path there is. */
const mostShown = 100;

function nothingAt(c: Context): TealError {
  const path = c.req.path.slice(0, mostShown);
  const [, of, name = ''] = /^\/v1\/(apps|groups)\/[^/]+\/([^/]+)$/.exec(path) ?? [];
  if (of === undefined || c.req.method !== 'POST') {
    return new TealError('not-found', `There is nothing at ${path}.`, {
      remedy: 'what there is: GET /v1/openapi.json',
    });
  }
  const meant = didYouMean(name, commandNames);
  const ofThem = of === 'groups' ? ' for groups' : '';
  return new TealError(
    'not-found',
    `There is no command ${name}${ofThem}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    { remedy: `one of: ${commandNames.join(', ')}`, details: { command: name } },
  );
}
