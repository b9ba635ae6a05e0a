import type { AppStatus, Status } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import { endsWithin } from '../pause.ts';
import { baseOf } from '../urls.ts';
import { appStatus, type Seen } from '../view/status.ts';
import { version } from '../../config/version.ts';

/** A router that does not answer by then is shown as unreachable; the rest of the status is worth more than waiting. */
const routerMs = 500;
/** The router may be switching just then, and what was done is known without it. */
const afterCommandMs = 100;

export async function statusOf(deps: Deps, app: string): Promise<AppStatus> {
  return appStatus(known(deps, app), await look(deps, routerMs, app));
}

/** What a command's answer shows, also of an app that is gone now. */
export async function statusAfter(deps: Deps, app: string): Promise<AppStatus> {
  const seen = await look(deps, afterCommandMs, app);
  return appStatus(deps.apps.state(app), seen);
}

/** The same for several apps, of which the router is asked once. */
export async function statusesAfter(deps: Deps): Promise<(app: string) => AppStatus> {
  const of = byApp(await look(deps, afterCommandMs));
  return (app) => appStatus(deps.apps.state(app), of(app));
}

export async function wholeStatus(deps: Deps, startedAt: number): Promise<Status> {
  const seen = await look(deps, routerMs);
  const of = byApp(seen);
  return {
    version,
    pid: process.pid,
    startedAt,
    config: deps.config.file,
    router: seen.router,
    apps: deps.apps.states().map((state) => appStatus(state, of(state.app))),
  };
}

/** @param app nothing is asked of others; of all of them when left out */
async function look(deps: Deps, waitMs: number, app?: string): Promise<Seen> {
  const asked = deps.router.status(app === undefined ? undefined : { apps: [app] }).catch(() => null);
  const router = (await endsWithin(asked, waitMs)) ? await asked : null;
  return { instances: deps.platform.instances(app), router, base: router === null ? null : baseOf(router) };
}

/** What was seen of each app: with many of them nobody looks through that of all others. */
function byApp({ instances, router, base }: Seen): (app: string) => Seen {
  const of = <Item extends { readonly app: string }>(items: readonly Item[]): ((app: string) => Item[]) => {
    const groups = Map.groupBy(items, ({ app }) => app);
    return (app) => groups.get(app) ?? [];
  };
  const own = of(instances);
  const environments = of(router?.environments ?? []);
  const endpoints = of(router?.endpoints ?? []);
  return (app) => ({
    instances: own(app),
    router:
      router === null ? null : { ...router, environments: environments(app), endpoints: endpoints(app) },
    base,
  });
}
