import { Hono } from 'hono';
import * as v from 'valibot';
import { roles } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import { bodyOf } from '../api/body.ts';
import { parse } from '../api/read.ts';
import type { TokenView, WhoAmI } from '../contract-access.ts';
import type { Access } from './access.ts';
import { callerOf, type Caller, type CallerEnv } from './caller.ts';
import { stateOf, type Grant } from './grant.ts';

/** As in teal.yaml: letters, digits and few signs; a kind may stand before a colon. */
const personName = v.pipe(v.string(), v.maxLength(100), v.regex(/^[\w.@+-]+(:[\w.@+/-]+)?$/));

/** What makes a token. */
const tokenBody = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(64), v.regex(/^[A-Za-z0-9][\w.@+-]*$/)),
  role: v.picklist(roles),
  apps: v.exactOptional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/))), v.minLength(1), v.maxLength(100)),
  ),
  expiresMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1000))),
  actor: v.exactOptional(personName),
});

/** Below /v1: who somebody is, tokens, and archives that are sent. */
export function accessRoutes(access: Access): Hono<{ Bindings: CallerEnv }> {
  const app = new Hono<{ Bindings: CallerEnv }>();
  app.get('/whoami', (c) => c.json(whoAmI(callerOf(c), access.uploads.most)));
  app.get('/tokens', (c) => {
    const now = access.now();
    return c.json(access.book.list().map((grant) => view(grant, now)));
  });
  app.post('/tokens', async (c) => {
    const { name, role, apps, expiresMs, actor } = parse(tokenBody, await bodyOf(c));
    const now = access.now();
    const wanted = {
      kind: 'token' as const,
      name,
      actor: actorNamed(actor) ?? `token:${name}`,
      role,
      apps: apps ?? null,
      expiresAt: expiresMs === undefined ? null : now + expiresMs,
    };
    const { secret, grant } = await access.book.make(wanted, callerOf(c).actor);
    c.env.tell?.({ before: null, after: view(grant, now) });
    return c.json({ secret, token: view(grant, now) });
  });
  app.post('/tokens/:token/revoke', async (c) => {
    const asked = c.req.param('token');
    const [revoked] = await access.book.revoke(
      ({ id, name, kind }) => id === asked || (kind === 'token' && name === asked),
      callerOf(c).actor,
    );
    if (revoked === undefined) throw noToken(asked);
    const now = access.now();
    const after = view({ ...revoked, revokedAt: now }, now);
    c.env.tell?.({ before: view(revoked, now), after });
    return c.json(after);
  });
  app.post('/uploads', async (c) =>
    c.json(
      await access.uploads.take({
        body: c.req.raw.body as Parameters<typeof access.uploads.take>[0]['body'],
        digest: c.req.header('content-digest') ?? null,
        length: c.req.header('content-length') ?? null,
        folder: c.req.header('x-teal-packed') === 'folder',
      }),
    ),
  );
  return app;
}

const whoAmI = ({ actor, role, apps, by, name, expiresAt }: Caller, maxUploadBytes: number): WhoAmI => ({
  actor,
  role,
  apps,
  by,
  name,
  expiresAt,
  maxUploadBytes,
});

/** Without the hash: nobody needs it. */
function view(grant: Grant, now: number): TokenView {
  const { hash: _, ...shown } = grant;
  return { ...shown, state: stateOf(grant, now) };
}

const actorNamed = (name: string | undefined): string | undefined =>
  name === undefined || name.includes(':') ? name : `user:${name}`;

const noToken = (asked: string): TealError =>
  new TealError('usage', `There is no token ${JSON.stringify(asked.slice(0, 80))} in force.`, {
    remedy: 'see: teal token list',
  });
