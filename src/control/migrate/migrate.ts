import type { PhaseReport } from '../../database/run/run-phase.ts';
import type { ErrorJson } from '../../errors.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { failureOf, passes } from './failure.ts';
import { hiding } from './hide.ts';
import { logging } from './logging.ts';
import type { MigrateEffect, Work } from './work.ts';

/**
 * Runs a phase of the migration. The database records what is done, so it may be repeated at any point (invariant 6).
 * @throws TealError what passes by itself, while nobody waits for the phase
 */
export async function migrate(
  deps: Deps,
  app: string,
  effect: MigrateEffect,
  signal: AbortSignal,
): Promise<void> {
  const work = workOf(deps, app, effect, signal);
  const outcome = await outcomeOf(work);
  if (outcome === null) return;
  const { name: migration, round } = effect.migration;
  // Told apart from the phase: that what has happened cannot be stored says nothing about it.
  await deps.apps.submit(app, { ...outcome, migration, round, phase: effect.phase }, teal);
  work.telling.end();
}

function workOf(deps: Deps, app: string, effect: MigrateEffect, signal: AbortSignal): Work {
  const hide = hiding(deps, effect, process.env);
  const memory = deps.migrations.begin(app, effect.phase, signal);
  const log = logging({ deps, app, effect, hide });
  return {
    deps,
    app,
    effect,
    signal,
    hide,
    telling: {
      hear: (event) => {
        memory.hear(event);
        log(event);
      },
      at: (what, why = null) => {
        memory.at(what, why === null ? null : hide(why));
        if (why !== null) log({ type: 'gate', why });
      },
      end: memory.end,
    },
  };
}

type Outcome =
  | ({ readonly type: 'phase-passed' } & Pick<PhaseReport, 'steps' | 'ran' | 'ms'>)
  | { readonly type: 'phase-failed'; readonly error: ErrorJson; readonly nothing?: true };

/** Null: it was given up. */
async function outcomeOf(work: Work): Promise<Outcome | null> {
  const { effect, signal, telling } = work;
  try {
    const { steps, ran, ms } = await work.deps.database.runPhase(work);
    return signal.aborted ? null : { type: 'phase-passed', steps, ran, ms: Math.round(ms) };
  } catch (error) {
    if (signal.aborted) return null;
    const failure = failureOf(error, work);
    if (!passes(effect.phase, failure)) {
      const nothing = await hasNotRun(work);
      return { type: 'phase-failed', error: failure.toJSON(), ...(nothing ? { nothing } : {}) };
    }
    telling.at('to be tried again', failure.message);
    throw failure;
  }
}

/** Whether it is as if it had never begun. A server that cannot be asked has not been asked before either, when this is the first time. */
async function hasNotRun(work: Work): Promise<boolean> {
  const { phase, migration } = work.effect;
  if (phase !== 'expand' && phase !== 'contract') return false;
  try {
    return !(await work.deps.database.hasRun(work));
  } catch {
    return phase === 'expand' && migration.round === 1;
  }
}
