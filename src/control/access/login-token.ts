import type { Context, Hono } from 'hono';
import { TealError } from '../../errors.ts';
import type { Access } from './access.ts';
import { envOf } from '../api/caller.ts';
import type { CallerEnv, From } from './caller.ts';
import { setCookie } from './cookies.ts';
import { pagePolicy } from './headers.ts';
import type { Made } from './grant-book.ts';
import { signedInPage } from './pages.ts';
import { slower } from './refusals.ts';
import { noteSignIn } from './sign-in-note.ts';
import { ownPath, secondsOf } from './sign-in.ts';

type Env = { Bindings: CallerEnv };

/** What the page that asks for a token says, with what was wrong with the last one. */
export type AskToken = (page: { readonly to: string; readonly error: TealError | null }) => Promise<string>;

const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy };

/** A token, and where to go: some hundred bytes. */
const mostBytes = 4096;

export type EntryParts = Pick<Access, 'entries' | 'limits' | 'now' | 'secure' | 'origin' | 'audit'>;

/** Lets a browser in by a token that somebody has, or by a link that is good once. */
export function tokenPages(
  app: Hono<Env>,
  { entries, limits, now, secure, origin, audit }: EntryParts,
  ask: AskToken,
): void {
  const letIn = async ({ secret, grant }: Made, to: string, c: Context<Env>): Promise<Response> => {
    await noteSignIn(audit, { grant, from: fromOf(c), path: c.req.path, error: null, at: now() });
    const cookie = setCookie({ secure, of: 'session' }, secret, secondsOf(grant, now()));
    // A page of ours goes on, and not a redirect: the session's cookie is not sent on a way that began elsewhere.
    return new Response(signedInPage(grant.actor, to), {
      headers: { 'content-type': 'text/html; charset=utf-8', 'set-cookie': cookie },
    });
  };
  const asking = async (page: Parameters<AskToken>[0], status: number): Promise<Response> =>
    new Response(await ask(page), { status, headers: pageHeaders });
  app.get('/login/token', (c) => asking({ to: ownPath(c.req.query('to') ?? '/'), error: null }, 200));
  app.post('/login/token', async (c) => {
    refuseElsewhere(c.req.raw.headers, origin());
    const form = await formOf(c.req.raw);
    const to = ownPath(form.get('to') ?? '/');
    try {
      return await letIn(await entries.byToken((form.get('token') ?? '').trim()), to, c);
    } catch (error) {
      if (!(error instanceof TealError) || error.code !== 'not-signed-in') throw error;
      const from = fromOf(c);
      const wait = limits.failure(from.address ?? 'socket', now());
      if (wait > 0) throw slower(wait);
      if (limits.note(now()) === 0)
        await noteSignIn(audit, { grant: null, from, path: c.req.path, error, at: now() });
      return await asking({ to, error }, 401);
    }
  });
  app.get('/login/link', async (c) => letIn(await entries.byLink(c.req.query('code') ?? ''), '/', c));
}

const fromOf = (c: Context<Env>): From => envOf(c).from ?? { address: null, agent: null };

/** Nobody is signed in as somebody else by a page of another site. */
function refuseElsewhere(headers: Headers, origin: string | null): void {
  const site = headers.get('sec-fetch-site');
  const from = headers.get('origin');
  const own = site === null ? from !== null && from === origin : site === 'same-origin';
  if (own) return;
  throw new TealError('not-allowed', 'This is not a request of Teal’s own page.', {
    remedy: 'open the dashboard itself; programs use a token',
  });
}

async function formOf(request: Request): Promise<URLSearchParams> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (!(length <= mostBytes))
    throw new TealError('body-too-large', `The form is larger than ${mostBytes} bytes, or does not say.`, {
      remedy: 'send the token alone',
      details: { most: mostBytes },
    });
  return new URLSearchParams(await request.text());
}
