import { TealError } from '../../errors.ts';
import { stepsOf } from '../../release/deploy.ts';
import { stepsTogether } from '../../release/group-steps.ts';
import type { By } from '../apps.ts';
import type { GroupPlanBody, PlanResult } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { versionsOf } from '../group.ts';
import { known } from '../known.ts';
import { plan } from './plan.ts';

/** What a deploy of a group would do now: a plan for each app that changes, with the steps that they share. */
export async function planGroup(
  deps: Deps,
  name: string,
  asked: GroupPlanBody & By,
  signal: AbortSignal,
): Promise<readonly PlanResult[]> {
  const { versions: _, version: __, ...rest } = asked;
  const all = [...versionsOf(deps, name, asked)].map(([app, version]) => ({
    app,
    version,
    state: known(deps, app),
  }));
  const some = all.filter(({ version, state }) => state.lives.at(-1)?.version !== version);
  const parts = some.length === 0 ? all : some;
  const steps = stepsTogether(
    parts.map(({ app, state }) => ({
      app,
      steps: stepsOf(state.config.release, asked.promote ?? null),
      live: state.live !== null,
    })),
  );
  if (steps === null)
    throw new TealError(
      'config-invalid',
      `The apps of ${name} do not have the same expose, wait and approve steps.`,
      {
        remedy: 'teal config check, then: teal apply',
        details: { group: name },
      },
    );
  const plans: PlanResult[] = [];
  for (const { app, version } of parts) {
    const own = steps.get(app) ?? [];
    plans.push(await plan(deps, app, { ...rest, version, together: { name, steps: own } }, signal));
  }
  return plans;
}
