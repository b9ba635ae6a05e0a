import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { errorCodes, TealError } from '../../errors.ts';
import { readLogs } from '../../platform/process/logs.ts';
import { signedIn, type CallerEnv } from '../access/caller.ts';
import { pagePolicy } from '../access/headers.ts';
import { isPage } from '../access/guard.ts';
import type { AskToken } from '../access/login-token.ts';
import { tokenPage } from '../access/pages.ts';
import { shownTo } from '../access/visible.ts';
import { envOf } from '../api/caller.ts';
import { recentEvents } from '../api/events.ts';
import { problemResponse } from '../api/problem.ts';
import { soon } from '../api/status.ts';
import { boardOf } from '../board/board.ts';
import { shownTo as shownApps } from '../board/handlers.ts';
import { releasesOf } from '../board/history.ts';
import { overviewOf } from '../board/overview.ts';
import type { SessionView } from '../contract-access.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { openBuilt, type Built } from './built.ts';
import type { Page } from './page.ts';

/** As much as a page shows before somebody asks for more. */
const firstRows = 50;
const firstEvents = 200;
const firstLines = 300;

export interface PagesParts {
  readonly deps: Deps;
  readonly traffic: Traffic;
  /** For the page: who looks, and what proves that a request comes from it. */
  readonly session: (c: Context) => Promise<{ readonly view: SessionView; readonly cookie: string | null }>;
}

type Env = { Bindings: CallerEnv };

/** The dashboard: whole pages, made on the server of what the API tells, so that they can be read without scripts. */
export function dashboardPages({ deps, traffic, session }: PagesParts): Hono<Env> {
  const app = new Hono<Env>();
  const built = lazily(openBuilt);
  const show = async (
    c: Context<Env>,
    fill: (common: Common, c: Context<Env>) => Promise<Page>,
  ): Promise<Response> => {
    const { view, cookie } = await session(c);
    const page = await fill({ session: view, at: deps.now() }, c);
    if (cookie !== null) c.header('set-cookie', cookie);
    return html(c, await rendered(built, page));
  };
  app.get('/', (c) =>
    show(c, async (common) => {
      const { caller = null } = envOf(c);
      return {
        ...common,
        kind: 'overview',
        overview: await overviewOf(
          deps,
          traffic,
          shownApps(caller),
          soon(() => traffic.router()),
        ),
      };
    }),
  );
  app.get('/apps/:app', (c) =>
    show(c, async (common) => {
      const { actor, role } = signedIn(envOf(c).caller ?? null);
      const name = c.req.param('app');
      const board = await boardOf(
        deps,
        name,
        { actor, role },
        soon(() => traffic.router()),
      );
      return { ...common, kind: 'app', board, traffic: traffic.of(name) };
    }),
  );
  app.get('/apps/:app/history', (c) =>
    show(c, async (common) => {
      const { app: name } = known(deps, c.req.param('app'));
      const releases = await releasesOf(deps.store, name, { limit: firstRows });
      return { ...common, kind: 'history', app: name, releases };
    }),
  );
  app.get('/apps/:app/logs', (c) =>
    show(c, async (common) => {
      const { app: of } = known(deps, c.req.param('app'));
      const lines = await readLogs({ data: deps.config.data, app: of, own: process.env, lines: firstLines });
      return { ...common, kind: 'logs', app: of, lines };
    }),
  );
  app.get('/events', (c) =>
    show(c, async (common) => {
      const name = c.req.query('app');
      const apps = shownTo(envOf(c).caller ?? null, name);
      if (name !== undefined && name !== '') known(deps, name);
      const events = await recentEvents(deps.store, { apps, limit: firstEvents, before: undefined });
      return { ...common, kind: 'events', app: name ?? null, events };
    }),
  );
  app.get('/assets/:file', async (c) => {
    const asset = await (await built())?.asset(c.req.param('file'));
    if (asset === undefined || asset === null) return problemResponse(nothingAt(c));
    // Its name has the hash of what is in it.
    const headers = { 'content-type': asset.type, 'cache-control': 'public, max-age=31536000, immutable' };
    return c.body(new Uint8Array(asset.body), 200, headers);
  });
  app.notFound((c) => problemResponse(nothingAt(c)));
  app.onError(async (error, c) => {
    const told = error instanceof TealError ? error : failed(error);
    if (!(error instanceof TealError)) deps.log.error({ error, path: c.req.path }, 'a page failed');
    // Who asks for no page is a program that took a wrong path.
    return isPage(c.req.raw) ? await errorPage(told, built) : problemResponse(told);
  });
  return app;
}

type Common = Pick<Extract<Page, { kind: 'overview' }>, 'session' | 'at'>;

/** What went wrong, for a person. */
export async function errorPage(error: TealError, built: Building = openBuilt): Promise<Response> {
  const { message, remedy, code } = error;
  const status = errorCodes[code].status as ContentfulStatusCode;
  const text = await rendered(built, { kind: 'error', message, remedy, code }).catch(
    () => `${message} ${remedy}`,
  );
  return new Response(text, { status, headers: htmlHeaders });
}

/** The page that asks for a token. */
export const askToken: AskToken = ({ to, error }) =>
  rendered(openBuilt, {
    kind: 'login',
    to,
    error: error === null ? null : { message: error.message, remedy: error.remedy },
  }).catch(() => tokenPage(to, error));

type Building = () => Promise<Built | null>;

/** @throws TealError `not-found` when the dashboard was not built */
async function rendered(built: Building, page: Page): Promise<string> {
  const found = await built();
  if (found === null)
    throw new TealError('not-found', 'The dashboard was not built with this Teal.', {
      remedy: 'in a checkout: npm run dashboard:build; the API and the commands work without it',
    });
  return found.render(page);
}

const htmlHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': pagePolicy,
  'cache-control': 'no-store',
};

const html = (c: Context, text: string): Response => c.body(text, 200, htmlHeaders);

/** Found once, as soon as it is there. */
function lazily(open: Building): Building {
  let found: Promise<Built | null> | null = null;
  return async () => {
    found ??= open();
    const built = await found;
    if (built === null) found = null;
    return built;
  };
}

const nothingAt = (c: Context): TealError =>
  new TealError('not-found', `There is nothing at ${c.req.path.slice(0, 100)}.`, { remedy: 'begin at /' });

const failed = (error: Error): TealError =>
  new TealError('internal', `Teal failed: ${error.message}`, {
    remedy: 'see the log of teal up, and report it',
  });
