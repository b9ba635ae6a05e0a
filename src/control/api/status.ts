import type { RouterStatus } from '../../router/router.ts';
import type { AppStatus, Status } from '../contract.ts';
import type { Deps } from '../deps.ts';
import type { Migrations } from '../migrate/contract.ts';
import { known } from '../known.ts';
import { endsWithin } from '../pause.ts';
import { baseOf } from '../urls.ts';
import { appStatus, type Seen } from '../view/status.ts';
import { version } from '../../config/version.ts';

/** A router that does not answer by then is shown as unreachable; the rest of the status is worth more than waiting. */
const routerMs = 500;
/** The router may be switching just then, and what was done is known without it. */
const afterCommandMs = 100;
/** An idle router answers in a few; of the 300 ms in which a page is to be painted this leaves the most to the browser. */
const soonMs = 40;

/** What a status is read from. */
export interface Looked extends Pick<Deps, 'config' | 'apps' | 'plane'> {
  readonly migrations: Migrations;
  readonly platform: Pick<Deps['platform'], 'instances'>;
  readonly router: Pick<Deps['router'], 'status'>;
}

export async function statusOf(deps: Looked, app: string): Promise<AppStatus> {
  return appStatus(known(deps, app), await lookAt(deps, patient, app));
}

const hasty: Looking = { waitMs: afterCommandMs, last: () => null };

/** What a command's answer shows, also of an app that is gone now. */
export async function statusAfter(deps: Deps, app: string): Promise<AppStatus> {
  const seen = await lookAt(deps, hasty, app);
  return appStatus(deps.apps.state(app), seen);
}

/** The same for several apps, of which the router is asked once. */
export async function statusesAfter(deps: Deps): Promise<(app: string) => AppStatus> {
  const of = byApp(await lookAt(deps, hasty));
  return (app) => appStatus(deps.apps.state(app), of(app));
}

export async function wholeStatus(deps: Looked, startedAt: number): Promise<Status> {
  const seen = await lookAt(deps, patient);
  return {
    version,
    pid: process.pid,
    startedAt,
    config: deps.config.file,
    ...deps.plane(),
    router: seen.router,
    apps: statuses(deps, seen, () => true),
  };
}

export function statuses(
  deps: Pick<Looked, 'apps'>,
  seen: Seen,
  shown: (app: string) => boolean,
): readonly AppStatus[] {
  const of = byApp(seen);
  const states = deps.apps.states().filter(({ app }) => shown(app));
  return states.map((state) => appStatus(state, of(state.app)));
}

/** How long the router is waited for, and what is shown of it instead. */
export interface Looking {
  readonly waitMs: number;
  /** As it was seen last; null: not yet. */
  readonly last: () => RouterStatus | null;
}

export const patient: Looking = { waitMs: routerMs, last: () => null };

/** Who opens a page sees nothing until it is there: what it shows of the router may be seconds old, and it looks again by itself. */
export const soon = (last: Looking['last']): Looking => ({
  waitMs: last() === null ? routerMs : soonMs,
  last,
});

/** @param app nothing is asked of others; of all of them when left out */
export async function lookAt(
  deps: Pick<Looked, 'platform' | 'router' | 'migrations'>,
  { waitMs, last }: Looking,
  app?: string,
): Promise<Seen> {
  const asked = deps.router.status(app === undefined ? undefined : { apps: [app] }).catch(() => null);
  const router = (await endsWithin(asked, waitMs)) ? await asked : last();
  return {
    instances: deps.platform.instances(app),
    router,
    base: router === null ? null : baseOf(router),
    migrating: (name) => deps.migrations.progress(name),
  };
}

/** What was seen of each app: with many of them nobody looks through that of all others. */
function byApp({ instances, router, base, migrating }: Seen): (app: string) => Seen {
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
    migrating,
  });
}
