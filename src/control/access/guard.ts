import { getPath } from 'hono/utils/url';
import { clientAddress, type Networks } from '../../audience/address.ts';
import { TealError } from '../../errors.ts';
import type { Arrival, Asking, Guarding } from './asking.ts';
import { authorize } from './authorize.ts';
import type { Caller, CallerEnv, From } from './caller.ts';
import { guardedAnswer } from './headers.ts';
import { agentOf, identify, known, type Entrance } from './identify.ts';
import { neededFor } from './needs.ts';
import { noted, noteRefusal } from './noting.ts';
import { slower } from './refusals.ts';

export type Answer = (request: Request, env: Arrival & CallerEnv) => Response | Promise<Response>;

/** Lets through who may: found out who asks, asked not too often, the role is enough. All that is behind may rely on it. */
export function guarded(inner: Answer, guarding: Guarding): Answer {
  return async (request, env) => {
    // As the routes read it: what is checked is what is done.
    const path = getPath(request);
    const from = fromOf(request, env, guarding);
    const asking = { request, env, path, from, needed: neededFor(request.method, path) };
    const response = await answered(inner, asking, guarding);
    return guarding.entrance.local ? response : guardedAnswer(response);
  };
}

async function answered(inner: Answer, asking: Asking, guarding: Guarding): Promise<Response> {
  const { request, env } = asking;
  let caller: Caller | null = null;
  try {
    caller = await who(asking, guarding);
    admit(caller, asking, guarding);
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    await noteRefusal(error, { asking, caller }, guarding);
    const login = loginInstead(error, asking, guarding.entrance);
    if (login !== null) return login;
    return isPage(request) && !asking.path.startsWith('/v1/') && guarding.refusePage !== undefined
      ? await guarding.refusePage(error)
      : guarding.refuse(error);
  }
  const given = { ...env, from: asking.from, ...(caller === null ? {} : { caller }) };
  if (!asking.needed.changes) return await inner(request, given);
  return await noted((tell) => inner(request, { ...given, tell }), { asking, caller }, guarding);
}

/** A person who opens a page is sent to sign in; a program is told. */
function loginInstead(error: TealError, { request, path }: Asking, { local }: Entrance): Response | null {
  if (local || !isPage(request) || error.code !== 'not-signed-in') return null;
  const location = `/login?to=${encodeURIComponent(path)}`;
  return new Response(null, { status: 302, headers: { location } });
}

/** Whether a person would see the answer. */
export const isPage = ({ method, headers }: Request): boolean =>
  method === 'GET' && headers.get('accept')?.includes('text/html') === true;

/** @throws TealError `not-signed-in`, `not-allowed`, `too-many-requests` */
function admit(caller: Caller | null, { from, needed, path }: Asking, guarding: Guarding): void {
  const { access, entrance, together } = guarding;
  const now = access.now();
  if (caller?.id) {
    const { limits } = access;
    hold(isEvaluation(path) ? limits.evaluation(caller.id, now) : limits.caller(caller.id, now));
    access.used(caller);
  } else if (from.address !== null) hold(access.limits.stranger(from.address, now));
  if (needed.role !== 'anyone') authorize(known(caller, entrance), needed, together);
}

/** @returns null for somebody who has not shown anything */
async function who(
  { request, from, needed }: Asking,
  { access, entrance }: Guarding,
): Promise<Caller | null> {
  const now = access.now();
  try {
    return await identify(request, { book: access.book, entrance, from, now });
  } catch (error) {
    if (!(error instanceof TealError) || error.code !== 'not-signed-in') throw error;
    // Whoever signs in again has something old with them, and is nobody.
    if (needed.role === 'anyone') return null;
    hold(access.limits.failure(from.address ?? 'socket', now));
    throw error;
  }
}

/** Of feature flags: asked for more often than anything else. */
const isEvaluation = (path: string): boolean => /^\/v1\/apps\/[^/]+\/ofrep\//.test(path);

function hold(ms: number): void {
  if (ms > 0) throw slower(ms);
}

function fromOf(request: Request, { incoming }: Arrival, { access, entrance }: Guarding): From {
  const agent = agentOf(request);
  if (entrance.local) return { address: null, agent };
  const peer = incoming?.socket.remoteAddress ?? '';
  const forwarded = request.headers.get('x-forwarded-for') ?? '';
  return { address: addressOf(peer, forwarded, access.trusted), agent };
}

/** What a trusted proxy writes may be no address: then the proxy is who came. */
const addressOf = (peer: string, forwarded: string, trusted: Networks): string =>
  clientAddress(peer, forwarded, trusted) || clientAddress(peer, '', trusted);
