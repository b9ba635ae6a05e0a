import { busy } from '../release/begin.ts';
import type { By } from './apps.ts';
import type { CommandBody, LeaseBody, LeaseView } from './contract.ts';
import type { Deps } from './deps.ts';

type Needed = Pick<Deps, 'apps' | 'leases'>;

export interface Turn {
  readonly apps: readonly string[];
  readonly body: CommandBody;
  readonly by: By;
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/**
 * Makes a deploy ready while nobody else does so for the same apps: under the lease that the caller has, or under one of its own. What
 * `onConflict` says of a release that runs it says of who makes one ready, too.
 * @param work begins the release; `check` throws when another deploy has taken its place meanwhile
 */
export async function inTurn<T>(
  deps: Needed,
  turn: Turn,
  work: (check: () => void) => Promise<T>,
): Promise<T> {
  const { apps, body, by, signal } = turn;
  if (body.lease !== undefined) deps.leases.covers(body.lease, apps);
  const id = body.lease ?? (await leaseOf(deps, { apps, body, by }, signal)).id;
  try {
    return await deps.leases.during(id, async (check) => {
      if (body.onConflict === 'wait') await untilFree(deps, apps, signal);
      check();
      return await work(check);
    });
  } finally {
    // From here on there is a release, or there is none.
    deps.leases.end(id);
  }
}

/** @throws TealError `deploy-leased` */
export async function leaseOf(
  { leases }: Pick<Deps, 'leases'>,
  {
    apps,
    body,
    by,
  }: {
    readonly apps: readonly string[];
    readonly body: Pick<LeaseBody, 'version' | 'onConflict'>;
    readonly by: By;
  },
  signal: AbortSignal,
): Promise<LeaseView> {
  const wanted = { apps, actor: by.actor, version: body.version ?? null };
  const { onConflict = 'refuse' } = body;
  switch (onConflict) {
    case 'refuse':
      return leases.take(wanted);
    case 'supersede':
      return leases.takeOver(wanted);
    case 'queue':
    case 'wait':
      return await leases.takeInTurn(wanted, signal);
  }
}

/** Until none of the apps has a release that needs the idle environment. @throws the signal's reason */
async function untilFree(
  { apps }: Pick<Deps, 'apps'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const isBusy = (): boolean =>
    names.some((name) => {
      const { release } = apps.state(name);
      return release !== null && busy(release);
    });
  while (isBusy()) {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const unlisten = apps.listen(({ app }) => {
      if (names.includes(app)) resolve();
    });
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    unlisten();
  }
}
