import type { RouterStatus } from '../../router/router.ts';
import type { Status } from '../contract.ts';
import { knows, type Caller } from './caller.ts';
import { everyApp, otherApp } from './refusals.ts';

/** The status without apps that they may not know of, and without what names them: certificates are issued for their hosts. */
export function onlyApps(caller: Caller | null, status: Status): Status {
  if (caller === null || caller.apps === null) return status;
  const theirs: Theirs = (items) => items.filter(({ app }) => knows(caller, app));
  const { router } = status;
  return { ...status, apps: theirs(status.apps), router: router === null ? null : ofApps(router, theirs) };
}

type Theirs = <Item extends { readonly app: string }>(items: readonly Item[]) => readonly Item[];

const ofApps = (router: RouterStatus, theirs: Theirs): RouterStatus => ({
  ...router,
  environments: theirs(router.environments),
  endpoints: theirs(router.endpoints),
  certificates: [],
  accessLog: null,
});

/** The apps whose events they are shown; null: every one. @throws TealError `not-allowed` for one that is not theirs */
export function shownTo(caller: Caller | null, asked: string | undefined): readonly string[] | null {
  const app = asked === undefined || asked === '' ? null : asked;
  if (caller === null || caller.apps === null) return app === null ? null : [app];
  if (app === null) return caller.apps;
  if (!knows(caller, app)) throw otherApp(caller, app);
  return [app];
}

/** The access log has the requests of all apps unless one is named. @throws TealError `not-allowed` */
export function namesItsApp(caller: Caller | null, app: string | undefined): void {
  if (caller === null || caller.apps === null) return;
  if (app === undefined) throw everyApp(caller, 'The access log without an app');
  if (!knows(caller, app)) throw otherApp(caller, app);
}

/** What is asked about apps that only a body names. @throws TealError `not-allowed` */
export function refuseOther(caller: Caller | null, apps: readonly string[], asked: string): void {
  if (caller === null || caller.apps === null) return;
  if (apps.length === 0) throw otherApp(caller, asked);
  const other = apps.find((app) => !knows(caller, app));
  if (other !== undefined) throw otherApp(caller, other);
}
