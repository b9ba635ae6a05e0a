import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { errorCodes, TealError } from '../../errors.ts';
import { hintsOf, problemResponse } from '../api/problem.ts';
import type { Access } from './access.ts';
import type { CallerEnv, From } from './caller.ts';
import { readCookie, setCookie } from './cookies.ts';
import { signedInPage, failedPage, tokenPage } from './pages.ts';
import { tokenPages, type AskToken, type EntryParts } from './login-token.ts';
import { offered, ownPath, secondsOf } from './sign-in.ts';

type Env = { Bindings: CallerEnv };

type Parts = Pick<Access, 'signIn' | 'now' | 'log'> & EntryParts;

/** Where a browser signs in and comes back to; pages for people, whatever happens. */
export function loginPages(access: Parts, ask: AskToken = plainAsk): Hono<Env> {
  const { signIn, now, log } = access;
  const app = new Hono<Env>();
  app.get('/login', async (c) => {
    const to = c.req.query('to') ?? '/';
    // Without an issuer of names there are tokens.
    if (signIn === null) return c.redirect(`/login/token?to=${encodeURIComponent(ownPath(to))}`, 302);
    const { url, browser, seconds } = await signIn.begin(to, fromOf(c));
    c.header('set-cookie', setCookie({ secure: signIn.secure, of: 'login' }, browser, seconds));
    return c.redirect(url.href, 302);
  });
  app.get('/login/callback', async (c) => {
    const { secure } = offered(signIn);
    const browser = readCookie(c.req.header('cookie') ?? null, { secure, of: 'login' });
    c.header('set-cookie', setCookie({ secure, of: 'login' }, '', 0), { append: true });
    const search = new URL(c.req.url).search;
    const { secret, grant, to } = await offered(signIn).finish(search, { browser, from: fromOf(c) });
    c.header('set-cookie', setCookie({ secure, of: 'session' }, secret, secondsOf(grant, now())), {
      append: true,
    });
    // A page of ours goes on, and not the redirect: the session's cookie is not sent on a way that began elsewhere.
    return c.html(signedInPage(grant.actor, to));
  });
  tokenPages(app, access, ask);
  app.notFound((c) =>
    problemResponse(
      new TealError('not-found', `There is nothing at ${c.req.path.slice(0, 100)}.`, {
        remedy: 'sign in: GET /login',
      }),
    ),
  );
  app.onError((error, c) => {
    if (!(error instanceof TealError)) log.error({ error, path: c.req.path }, 'a sign-in failed');
    const told =
      error instanceof TealError
        ? error
        : new TealError('internal', 'Teal failed.', { remedy: 'see the log of teal up, and report it' });
    const status = told.code === 'usage' ? 404 : errorCodes[told.code].status;
    return c.html(failedPage(told), status as ContentfulStatusCode, hintsOf(told));
  });
  return app;
}

const plainAsk: AskToken = async ({ to, error }) => tokenPage(to, error);

const fromOf = (c: Context<Env>): From =>
  (c.env as CallerEnv | undefined)?.from ?? { address: null, agent: null };
