import { Hono, type Context } from 'hono';
import * as v from 'valibot';
import { TealError } from '../../errors.ts';
import { bodyOf } from '../api/body.ts';
import { parse } from '../api/read.ts';
import type { DeviceAnswer, DeviceBegun, SessionView } from '../contract-access.ts';
import type { Access } from './access.ts';
import { callerOf, type CallerEnv, type From } from './caller.ts';
import { readCookie, setCookie } from './cookies.ts';
import type { Grant } from './grant.ts';
import { signedInPage, failedPage } from './pages.ts';
import { csrfOf } from './secret-text.ts';
import type { SignIn } from './sign-in.ts';

type Env = { Bindings: CallerEnv };

/** What a device asks with. */
const deviceBody = v.strictObject({ id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)) });

/** Where a browser signs in and comes back to; pages for people, whatever happens. */
export function loginPages({ signIn }: Pick<Access, 'signIn'>): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/login', async (c) => {
    const { url, browser, seconds } = await offered(signIn).begin(c.req.query('to') ?? '/');
    c.header('set-cookie', setCookie({ secure: offered(signIn).secure, of: 'login' }, browser, seconds));
    return c.redirect(url.href, 302);
  });
  app.get('/login/callback', async (c) => {
    const { secure } = offered(signIn);
    const browser = readCookie(c.req.header('cookie') ?? null, { secure, of: 'login' });
    c.header('set-cookie', setCookie({ secure, of: 'login' }, '', 0), { append: true });
    const search = new URL(c.req.url).search;
    const { secret, grant, to } = await offered(signIn).finish(search, { browser, from: fromOf(c) });
    c.header('set-cookie', setCookie({ secure, of: 'session' }, secret, secondsOf(grant)), { append: true });
    // A page of ours goes on, and not the redirect: the session's cookie is not sent on a way that began elsewhere.
    return c.html(signedInPage(grant.actor, to));
  });
  app.onError((error, c) => {
    const told =
      error instanceof TealError ? error : new TealError('internal', 'Teal failed.', { remedy: 'try again' });
    const status = told.code === 'too-many-requests' ? 429 : told.code === 'usage' ? 404 : 403;
    return c.html(failedPage(told), status);
  });
  return app;
}

/** Below /v1: sessions, and signing in on the command line. */
export function signInRoutes({ signIn, book }: Pick<Access, 'signIn' | 'book'>): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/session', async (c) => {
    const { actor, role, apps, by, id, expiresAt } = callerOf(c);
    const cookie = readCookie(c.req.header('cookie') ?? null, {
      secure: signIn?.secure ?? false,
      of: 'session',
    });
    if (by !== 'session' || id === null || cookie === null || signIn === null)
      return c.json({ actor, role, apps, csrf: null, expiresAt } satisfies SessionView);
    const made = await signIn.rotated(id);
    if (made !== null) {
      const kind = { secure: signIn.secure, of: 'session' as const };
      c.header('set-cookie', setCookie(kind, made.secret, secondsOf(made.grant)));
    }
    return c.json({
      actor,
      role,
      apps,
      csrf: csrfOf(made?.secret ?? cookie),
      expiresAt,
    } satisfies SessionView);
  });
  app.post('/logout', async (c) => {
    const { id, actor, by } = callerOf(c);
    if (id !== null) await book.revoke((grant) => grant.id === id, actor);
    if (by === 'session')
      c.header('set-cookie', setCookie({ secure: signIn?.secure ?? false, of: 'session' }, '', 0));
    return c.json({ ended: id !== null });
  });
  app.post('/login/device', async (c) => {
    const { id, device } = await offered(signIn).beginDevice(fromOf(c));
    const { userCode, uri, completeUri, expiresAt } = device;
    return c.json({ id, userCode, uri, completeUri, expiresAt } satisfies DeviceBegun);
  });
  app.post('/login/device/token', async (c) => {
    const { id } = parse(deviceBody, await bodyOf(c));
    const made = offered(signIn).device(id);
    return c.json({ secret: made?.secret ?? null } satisfies DeviceAnswer);
  });
  return app;
}

/** How long it lasts; made within a moment of when that was decided. */
const secondsOf = ({ expiresAt, madeAt }: Grant): number =>
  Math.round(((expiresAt ?? madeAt) - madeAt) / 1000);

function offered(signIn: SignIn | null): SignIn {
  if (signIn !== null) return signIn;
  throw new TealError('usage', 'Nobody signs in here: there is no control.oidc in teal.yaml.', {
    remedy: 'use a token: teal login --token. An admin makes one with: teal token create',
  });
}

const fromOf = (c: Context<Env>): From =>
  (c.env as CallerEnv | undefined)?.from ?? { address: null, agent: null };
