import type { AppStatus, Status } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import { baseUrl } from '../urls.ts';
import { appStatus, type Seen } from '../view/status.ts';
import { version } from '../version.ts';

/** A router that does not answer by then is shown as unreachable; the rest of the status is worth more than waiting. */
const routerMs = 500;

export async function statusOf(deps: Deps, app: string): Promise<AppStatus> {
  return appStatus(known(deps, app), await look(deps));
}

export async function wholeStatus(deps: Deps, startedAt: number): Promise<Status> {
  const seen = await look(deps);
  return {
    version,
    pid: process.pid,
    startedAt,
    config: deps.config.file,
    router: seen.router,
    apps: deps.apps.states().map((state) => appStatus(state, seen)),
  };
}

async function look(deps: Deps): Promise<Seen> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, routerMs, null).unref());
  const asked = Promise.all([deps.router.status(), baseUrl(deps)]).catch(() => null);
  const [router, base] = (await Promise.race([asked, late])) ?? [null, null];
  return { instances: deps.platform.instances(), router, base };
}
