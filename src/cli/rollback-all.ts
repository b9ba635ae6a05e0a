import type { AppStatus, RollbackResult } from '../control/contract.ts';
import { errorCodes, TealError } from '../errors.ts';
import { connectControl, type Client } from './client.ts';
import { renderRollbacks } from './render/rollbacks.ts';
import type { Context, Result } from './shell/context.ts';
import type { WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';
import { waitForRelease } from './shell/wait.ts';

type One = RollbackResult['apps'][number];

/**
 * Sends everyone of every app back. An app that has nowhere to go back to is no failure, unless none has; one that was
 * waited for and did not come back is.
 */
export async function rollbackAll(context: Context, flags: WaitFlags): Promise<Result | void> {
  const client = await connectControl(context, flags);
  const waits = flags.wait === true || flags.until !== undefined;
  const after = waits ? ((await client.events({ limit: 1 }))[0]?.seq ?? 0) : 0;
  const { apps } = await client.rollbackAll(because(flags.reason));
  if (apps.length === 0)
    throw new TealError('usage', 'There is no app yet', {
      remedy: `Add one to ${client.config}, then: teal apply`,
    });
  const waited = waits ? await waitForAll(context, { client, after, timeoutMs: flags.timeout }, apps) : apps;
  if (waited === null) return;
  return {
    json: { apps: waited },
    text: (view) => renderRollbacks(waited, waits, view),
    exit: exitOf(apps, waited),
  };
}

interface Waiting {
  readonly client: Client;
  readonly after: number;
  readonly timeoutMs: number | undefined;
}

/** All at the same time. Null when interrupted. */
async function waitForAll(
  context: Context,
  how: Waiting,
  apps: readonly One[],
): Promise<readonly One[] | null> {
  const ends = await Promise.all(apps.map((one) => waitForOne(context, how, one)));
  const waited = ends.filter((end) => end !== null);
  return waited.length < ends.length ? null : waited;
}

async function waitForOne(context: Context, how: Waiting, one: One): Promise<One | null> {
  const { release } = one.app;
  if (one.error !== null || release === null) return one;
  const { app } = one.app;
  try {
    const what = { ...how, app, left: one.app, goal: 'back', until: 'live' } as const;
    const waited = await waitForRelease(context, what);
    return waited === null ? null : { ...one, app: waited.app };
  } catch (thrown) {
    if (!(thrown instanceof TealError)) throw thrown;
    return { app: await asIs(how, one.app), did: null, note: null, error: thrown.toJSON() };
  }
}

/** As it is now; as it was when Teal cannot be asked. */
const asIs = (how: Waiting, app: AppStatus): Promise<AppStatus> => how.client.app(app.app).catch(() => app);

function exitOf(asked: readonly One[], waited: readonly One[]): number {
  const errors = waited.filter((one, index) => one.error !== null && asked[index]?.error === null);
  const [first] = asked.every(({ error }) => error !== null) ? waited : errors;
  return first?.error == null ? 0 : errorCodes[first.error.code].exit;
}
