import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { migrate } from '../migrate/migrate.ts';
import { drain } from './drain.ts';
import { handOver } from './hand-over.ts';
import { judge } from './judge.ts';
import { retire } from './retire.ts';
import { run } from './run.ts';
import { testStep } from './test-step.ts';
import { wake } from './wake.ts';
import { warm } from './warm.ts';

/** Does one effect of an app, and tells the app what was found out. May be repeated at any point (invariant 6). */
export async function perform(deps: Deps, app: string, effect: Effect, signal: AbortSignal): Promise<void> {
  switch (effect.kind) {
    case 'run':
      return await run(deps, app, effect, signal);
    case 'hand-over':
      return await handOver(deps, app, effect, signal);
    case 'retire':
      return await retire(deps, app, effect, signal);
    case 'drain':
      return await drain(deps, app, effect, signal);
    case 'test':
      return await testStep(deps, app, effect, signal);
    case 'wake':
      return await wake(deps, app, effect, signal);
    case 'warm':
      return await warm(deps, app, effect, signal);
    case 'judge':
      return await judge(deps, app, effect, signal);
    case 'migrate':
      return await migrate(deps, app, effect, signal);
    case 'expose': {
      const { release, cursor } = effect;
      const generation = await deps.routes.current(signal, app);
      await deps.apps.submit(app, { type: 'exposure-acknowledged', release, cursor, generation }, teal);
      return;
    }
    case 'route': {
      const generation = await deps.routes.current(signal, app);
      await deps.apps.submit(
        app,
        { type: 'table-acknowledged', release: effect.release, live: effect.live, generation },
        teal,
      );
    }
  }
}
