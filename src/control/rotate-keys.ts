import { TealError } from '../errors.ts';
import { following, isOld } from '../release/keys.ts';
import { teal, type Apps, type By } from './apps.ts';
import type { Deps } from './deps.ts';

type Needed = Pick<Deps, 'apps' | 'keys' | 'routes' | 'now'>;

/** As long as a table may take to reach every router that is there. */
const patienceMs = 30_000;

/**
 * Has a new key sign an app's cookies and previews; the older ones go on verifying. First every router learns the new
 * key: one that has not would take a cookie of it for a made-up one, and its holder for somebody else. What is cut
 * short in between is gone on with by the next rotation.
 * @throws TealError `router-unavailable`
 */
export async function rotateKeys(deps: Needed, app: string, by: By): ReturnType<Apps['submit']> {
  const key = following(deps.apps.state(app).keys);
  await deps.keys.make(app, key);
  await deps.apps.submit(app, { type: 'add-key', key }, by);
  const late = AbortSignal.timeout(patienceMs);
  await deps.routes.current(late, app).catch((cause: unknown) => {
    if (!late.aborted) throw cause;
    throw new TealError('router-unavailable', `${key} does not sign yet: not every router knows it.`, {
      remedy: `see teal doctor, then: teal keys rotate ${app}`,
      details: { app, key },
      cause,
    });
  });
  return await deps.apps.submit(app, { type: 'rotate-keys' }, by);
}

/** Rotates the keys of every app that have signed for long enough. @throws AggregateError of those where it did not work; the others are done */
export async function rotateOld(deps: Needed): Promise<void> {
  const old = deps.apps.states().filter(({ keys, removing }) => !removing && isOld(keys, deps.now()));
  const done = await Promise.allSettled(old.map(({ app }) => rotateKeys(deps, app, teal)));
  const failed = done.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (failed.length > 0) throw new AggregateError(failed, 'not every key was rotated');
}
