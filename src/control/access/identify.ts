import type { Caller, From } from './caller.ts';
import { readCookie } from './cookies.ts';
import { foreign } from './csrf.ts';
import { stateOf, type Grant } from './grant.ts';
import type { GrantBook } from './grant-book.ts';
import { ended, fromElsewhere, nobody, unknownSecret } from './refusals.ts';
import { csrfOf, looksRight } from './secret-text.ts';

/** The longest that is still a name. */
const longestActor = 200;
const longestAgent = 200;

export interface Entrance {
  /** The socket: whoever may open the file is who they say they are. */
  readonly local: boolean;
  /** How people reach it; what Origin has to be. */
  readonly origin: string;
  /** Whether OpenID Connect is there. */
  readonly login: boolean;
}

/**
 * Who asks. A token that is shown counts, also on the socket: who shows one means to be held to it. The name in
 * `x-teal-actor` is believed on the socket alone.
 * @returns null when nothing was shown
 * @throws TealError `not-signed-in` for what is shown and no good, `not-allowed` for a session used from elsewhere
 */
export async function identify(
  request: Request,
  {
    book,
    entrance,
    from,
    now,
  }: {
    readonly book: GrantBook;
    readonly entrance: Entrance;
    readonly from: From;
    readonly now: number;
  },
): Promise<Caller | null> {
  const shown = request.headers.get('authorization');
  if (shown !== null) {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(shown) ?? [];
    const grant = looksRight(token) ? await book.find(token) : null;
    // A session's secret is good as a cookie alone, where CSRF is looked for.
    if (grant === null || grant.kind === 'session') throw unknownSecret();
    return callerOf(held(grant, now), from);
  }
  if (entrance.local) return onSocket(request, from);
  const secure = entrance.origin.startsWith('https:');
  const cookie = readCookie(request.headers.get('cookie'), { secure, of: 'session' });
  const grant = cookie !== null && looksRight(cookie) ? await book.find(cookie) : null;
  if (cookie === null || grant?.kind !== 'session') return null;
  const session = held(grant, now);
  const why = foreign(
    {
      method: request.method,
      origin: request.headers.get('origin'),
      fetchSite: request.headers.get('sec-fetch-site'),
      token: request.headers.get('x-teal-csrf'),
    },
    { origin: entrance.origin, token: csrfOf(cookie) },
  );
  if (why !== null) throw fromElsewhere(why);
  return callerOf(session, from);
}

/** @throws TealError `not-signed-in` */
export function known(caller: Caller | null, entrance: Pick<Entrance, 'login'>): Caller {
  if (caller === null) throw nobody(entrance.login);
  return caller;
}

function held(grant: Grant, now: number): Grant {
  if (stateOf(grant, now) !== 'in force') throw ended(grant, now);
  return grant;
}

function callerOf({ id, kind, name, actor, role, apps, expiresAt }: Grant, from: From): Caller {
  return { actor, role, apps, by: kind, id, name: kind === 'session' ? null : name, expiresAt, from };
}

function onSocket(request: Request, from: From): Caller {
  const said = request.headers.get('x-teal-actor') ?? 'user:unknown';
  const actor = said.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longestActor);
  return { actor, role: 'admin', apps: null, by: 'socket', id: null, name: null, expiresAt: null, from };
}

/** Printable and short: it is written where people read it. */
export const agentOf = (request: Request): string | null =>
  request.headers
    .get('user-agent')
    ?.replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, longestAgent) ?? null;
