import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { drainPolicy } from '../releases.ts';

/** Waits for what is in flight in the environment that traffic has left; its processes stay warm. */
export async function drain(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'drain' },
  signal: AbortSignal,
): Promise<void> {
  const { release, colour } = effect;
  const policy = drainPolicy(deps.apps, { app, colour });
  await deps.routes.current(signal, app);
  const endpoints = deps.platform
    .instances(app)
    .filter((each) => each.app === app && each.colour === colour && each.address !== null)
    .map(({ id }) => id);
  const report = await deps.router.drain({ app, endpoints, ...policy }, signal);
  await deps.apps.submit(app, { type: 'drained', release, colour, drain: report }, teal);
}
