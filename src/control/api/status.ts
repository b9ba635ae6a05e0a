import type { AppStatus, Status } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import { endsWithin } from '../pause.ts';
import { baseOf } from '../urls.ts';
import { appStatus, type Seen } from '../view/status.ts';
import { version } from '../version.ts';

/** A router that does not answer by then is shown as unreachable; the rest of the status is worth more than waiting. */
const routerMs = 500;
/** The router may be switching just then, and what was done is known without it. */
const afterCommandMs = 100;

export async function statusOf(deps: Deps, app: string): Promise<AppStatus> {
  return appStatus(known(deps, app), await look(deps, routerMs));
}

/** What a command's answer shows, also of an app that is gone now. */
export async function statusAfter(deps: Deps, app: string): Promise<AppStatus> {
  const seen = await look(deps, afterCommandMs);
  return appStatus(deps.apps.state(app), seen);
}

export async function wholeStatus(deps: Deps, startedAt: number): Promise<Status> {
  const seen = await look(deps, routerMs);
  return {
    version,
    pid: process.pid,
    startedAt,
    config: deps.config.file,
    router: seen.router,
    apps: deps.apps.states().map((state) => appStatus(state, seen)),
  };
}

async function look(deps: Deps, waitMs: number): Promise<Seen> {
  const asked = deps.router.status().catch(() => null);
  const router = (await endsWithin(asked, waitMs)) ? await asked : null;
  return { instances: deps.platform.instances(), router, base: router === null ? null : baseOf(router) };
}
