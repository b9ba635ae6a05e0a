import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';

/** Drains and stops everything of an environment, also what an earlier teal.yaml called by another role. */
export async function retire(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'retire' },
  signal: AbortSignal,
): Promise<void> {
  const { colour } = effect;
  const running = deps.platform.instances(app).filter((each) => each.app === app && each.colour === colour);
  const roles = new Set(
    [...running, ...effect.environment.spec.roles.map(({ name }) => ({ role: name }))].map(
      ({ role }) => role,
    ),
  );
  // A preview may still be on its way to it.
  await deps.routes.current(signal, app);
  await Promise.all([...roles].map((role) => deps.platform.stop({ app, colour, role })));
  if (signal.aborted) return;
  const drain = deps.releases.drainOf(app, colour);
  await deps.apps.submit(app, { type: 'environment-stopped', colour, drain }, teal);
  deps.releases.forgetDrain(app, colour);
}
