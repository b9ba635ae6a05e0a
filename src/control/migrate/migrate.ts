import { checkAddress } from '../../database/server/address.ts';
import type { Migration } from '../../database/run/step.ts';
import { runPhase, type PhaseReport } from '../../database/run/run-phase.ts';
import { loadParser, type Parser } from '../../database/sql/parser.ts';
import { valueOf } from '../../config/secret.ts';
import type { ErrorJson } from '../../errors.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { folderOf } from '../effects/workload.ts';
import { commandEnvironment } from './environment.ts';
import { failureOf, passes } from './failure.ts';
import { filesOf } from './files.ts';
import { hiding } from './hide.ts';
import { logging } from './logging.ts';
import { hasBegun, prepare, unprepared } from './prepare.ts';
import { runCommands } from './run-commands.ts';
import { throttleOf } from './throttle.ts';
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
  const hide = hiding(effect, process.env);
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
  | { readonly type: 'phase-failed'; readonly error: ErrorJson };

/** Null: it was given up. */
async function outcomeOf(work: Work): Promise<Outcome | null> {
  const { effect, signal, telling } = work;
  try {
    const { steps, ran, ms } = await (work.deps.database?.runPhase(work) ?? run(work));
    return signal.aborted ? null : { type: 'phase-passed', steps, ran, ms: Math.round(ms) };
  } catch (error) {
    if (signal.aborted) return null;
    const failure = failureOf(error, work);
    if (!passes(effect.phase, failure)) return { type: 'phase-failed', error: failure.toJSON() };
    telling.at('to be tried again', failure.message);
    throw failure;
  }
}

async function run(work: Work): Promise<PhaseReport> {
  const { effect } = work;
  const { policy, phase } = effect;
  const migration = await filesOf(effect);
  if (policy.url === null) {
    await unprepared(work);
    return await runCommands(work, migration.phases[phase]);
  }
  const url = valueOf('the database', policy.url, process.env);
  checkAddress(url, policy.url.kind === 'secret' ? policy.url.name : 'database.url');
  const parser = await loadParser();
  // What has not come to the database need not be taken back there.
  if (phase === 'undo' && !(await hasBegun({ url, migration }, 'expand')))
    return { round: effect.migration.round, steps: 0, ran: 0, ms: 0 };
  await prepare(work, { migration, url, parser });
  try {
    return await execute(work, { migration, url, parser });
  } finally {
    await notOurs(work);
  }
}

interface Execution {
  readonly migration: Migration;
  readonly url: string;
  readonly parser: Parser;
}

async function execute(work: Work, { migration, url, parser }: Execution): Promise<PhaseReport> {
  const { effect, signal, telling } = work;
  const { policy, phase } = effect;
  const throttle = throttleOf(work);
  return await runPhase({
    url,
    migration,
    phase,
    parser,
    signal,
    tell: telling.hear,
    folder: folderOf(effect.migration.build),
    env: commandEnvironment(effect, process.env),
    patience: { lockTimeoutMs: policy.lockTimeoutMs, deadlineMs: policy.lockDeadlineMs },
    batchMs: policy.batchMs,
    ...(throttle === null ? {} : { throttle }),
  });
}

/** What the phase itself has sent is counted as nobody's. */
async function notOurs({ deps, app, effect, signal }: Work): Promise<void> {
  if (effect.policy.proof === null || signal.aborted) return;
  // It only keeps a proof from being taken in; what is wrong with the server the phase itself has met.
  await deps.statements.look(app).catch(() => undefined);
}
