import { TealError } from '../../errors.ts';
import type { Handlers } from '../api/routes/routes.ts';
import type { access as accessRoutes } from '../api/routes/access.ts';
import type { TokenView, WhoAmI } from '../contract-access.ts';
import type { Access } from './access.ts';
import { signedIn, type Caller } from './caller.ts';
import { stateOf, type Grant } from './grant.ts';
import { sessionHandlers } from './session-handlers.ts';

/** As many as a person reads; more by `before`. */
const defaultEntries = 50;
const mostEntries = 1000;

/** What the routes that say who may come in do. */
export function accessHandlers(access: Access): Pick<Handlers, keyof typeof accessRoutes> {
  const { book, audit, uploads } = access;
  return {
    ...sessionHandlers(access),
    whoami: async ({ caller }) => whoAmI(signedIn(caller), uploads.most),
    tokens: async () => {
      const now = access.now();
      return book.list().map((grant) => view(grant, now));
    },
    'create-token': async ({ body: { name, role, apps, expiresMs, actor }, caller, tell }) => {
      const now = access.now();
      const wanted = {
        kind: 'token' as const,
        name,
        actor: actorNamed(actor) ?? `token:${name}`,
        role,
        apps: apps ?? null,
        expiresAt: expiresMs === undefined ? null : now + expiresMs,
      };
      const { secret, grant } = await book.make(wanted, signedIn(caller).actor);
      tell({ before: null, after: view(grant, now) });
      return { secret, token: view(grant, now) };
    },
    'revoke-token': async ({ params: { token: asked }, caller, tell }) => {
      const [revoked] = await book.revoke(
        ({ id, name, kind }) => id === asked || (kind === 'token' && name === asked),
        signedIn(caller).actor,
      );
      if (revoked === undefined) throw noToken(asked);
      const now = access.now();
      const after = view({ ...revoked, revokedAt: now }, now);
      tell({ before: view(revoked, now), after });
      return after;
    },
    upload: ({ request, headers }) =>
      uploads.take({
        body: request.body as Parameters<typeof uploads.take>[0]['body'],
        digest: headers['content-digest'],
        length: request.headers.get('content-length'),
        folder: headers['x-teal-packed'] === 'folder',
      }),
    audit: ({ query: { limit = defaultEntries, ...query } }) =>
      audit.recent({ limit: Math.min(limit, mostEntries), ...query }),
    'audit-verify': ({ query, signal }) => audit.verify(query.expect ?? null, signal),
    'audit-export':
      async ({ query }) =>
      (signal) =>
        audit.export(query.after ?? 0, signal),
  };
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

/** Without the hashes: nobody needs them. */
function view(grant: Grant, now: number): TokenView {
  const { hash: _, former: __, ...shown } = grant;
  return { ...shown, state: stateOf(grant, now) };
}

const actorNamed = (name: string | undefined): string | undefined =>
  name === undefined || name.includes(':') ? name : `user:${name}`;

const noToken = (asked: string): TealError =>
  new TealError('usage', `There is no token ${JSON.stringify(asked.slice(0, 80))} in force.`, {
    remedy: 'see: teal token list',
  });
