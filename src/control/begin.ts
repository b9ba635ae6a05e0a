import type { Logger } from 'pino';
import { effects } from '../release/effects.ts';
import type { StoredEvent } from '../store/store.ts';
import type { EventView } from './contract.ts';
import { pruneVersions, releaseEnded } from './deploy.ts';
import { expected } from './effects/workload.ts';
import { daily, pruneEvents } from './retention.ts';
import { rotateOld } from './rotate-keys.ts';
import type { System } from './system.ts';
import { eventView } from './view/event.ts';

/** Finds the instances, and works at what the state wishes for, now and after every event. */
export async function begin(
  system: Pick<System, 'deps' | 'runner'>,
  undo: AsyncDisposableStack,
  onEvent: (event: EventView) => void,
): Promise<void> {
  const { deps, runner } = system;
  const { apps, platform, routes, log } = deps;
  const notPruned = (error: unknown): void =>
    log.warn({ error }, 'what is old could not be removed; trying again later');
  await platform.adopt(apps.states().flatMap(expected));
  const unlisten = apps.listen((state, events) => {
    runner.want(state.app, effects(state));
    routes.refresh();
    if (releaseEnded(state, events)) void pruneVersions(deps, state.app).catch(notPruned);
    tell(events, onEvent, log);
  });
  undo.defer(unlisten);
  for (const state of apps.states()) runner.want(state.app, effects(state));
  routes.open();
  undo.adopt(
    daily(() => pruneEvents(apps, deps.store, deps.now()), notPruned),
    (pruning) => pruning.close(),
  );
  undo.adopt(
    daily(
      () => rotateOld(deps),
      (error) =>
        deps.log.warn({ error }, 'keys that have signed for long were not rotated; trying again tomorrow'),
    ),
    (rotating) => rotating.close(),
  );
}

/** Whoever listens may fail (a closed terminal): what happened has happened all the same. */
function tell(events: readonly StoredEvent[], onEvent: (event: EventView) => void, log: Logger): void {
  try {
    for (const event of events) onEvent(eventView(event));
  } catch (error) {
    log.warn({ error }, 'an event could not be shown');
  }
}
