import { getPath } from 'hono/utils/url';
import type { Access } from './access/access.ts';
import { signedIn } from './access/caller.ts';
import type { Answer } from './access/guard.ts';
import { loginPages } from './access/login-pages.ts';
import { sessionOf } from './access/session-handlers.ts';
import { envOf } from './api/caller.ts';
import { askToken, dashboardPages } from './dashboard/pages.ts';
import { flagPages, isForFlags } from './flags/pages.ts';
import type { System } from './system.ts';
import type { Traffic } from './traffic/traffic.ts';

interface Parts {
  readonly access: Access;
  readonly traffic: Traffic;
  /** Aborted when the control plane ends: streams end with it. */
  readonly closing: AbortSignal;
}

/** Who answers a request that may be answered: the API, flags by OFREP, the pages to sign in, or the dashboard. */
export function answering(
  api: { readonly fetch: Answer },
  deps: System['deps'],
  { access, traffic, closing }: Parts,
): Answer {
  const login = loginPages(access, askToken);
  const flags = flagPages(deps, closing);
  const dashboard = dashboardPages({
    deps,
    traffic,
    session: (c) => sessionOf(access, signedIn(envOf(c).caller ?? null), c.req.raw.headers),
  });
  return (request, env) => {
    const at = getPath(request);
    if (isForFlags(at)) return flags.fetch(request, env);
    if (/^\/login(?:\/|$)/.test(at)) return login.fetch(request, env);
    return (/^\/(?:$|apps\/|events$|assets\/)/.test(at) ? dashboard : api).fetch(request, env);
  };
}
