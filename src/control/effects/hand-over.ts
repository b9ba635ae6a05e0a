import type { Effect } from '../../release/effects.ts';
import { other } from '../../release/state.ts';
import type { Deps } from '../deps.ts';
import { environmentFailed } from './run.ts';
import { workload } from './workload.ts';

/**
 * Roles that run in the live environment only: the other side stops taking jobs on its signal and drains first, then
 * this side starts, so that no job is ever worked at by both. A rollback is the same with the sides changed.
 */
export async function handOver(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'hand-over' },
  signal: AbortSignal,
): Promise<void> {
  const there = other(effect.colour);
  const roles = new Set(
    [...effect.environment.spec.roles, ...(deps.apps.state(app).environments[there]?.spec.roles ?? [])]
      .filter(({ runsIn }) => runsIn === 'live')
      .map(({ name }) => name),
  );
  await Promise.all([...roles].map((role) => deps.platform.stop({ app, colour: there, role })));
  if (signal.aborted) return;
  const here = effect.environment.spec.roles.filter(({ name }) => effect.counts[name] !== undefined);
  try {
    await Promise.all(here.map((role) => deps.platform.ensure(workload(app, effect, role), signal)));
  } catch (error) {
    await environmentFailed(deps, app, effect, { error, signal });
  }
}
