import type { Migration } from '../../database/run/step.ts';
import { runPhase, type PhaseReport } from '../../database/run/run-phase.ts';
import { loadParser, type Parser } from '../../database/sql/parser.ts';
import { folderOf } from '../effects/workload.ts';
import { addressOf } from './address.ts';
import { commandEnvironment } from './environment.ts';
import { filesOf } from './files.ts';
import { hasBegun, mayBegin, prepare, unprepared } from './prepare.ts';
import { runCommands } from './run-commands.ts';
import { throttleOf } from './throttle.ts';
import type { Work } from './work.ts';

/** Runs a phase in the database that teal.yaml names, or by its commands. @throws TealError what the executor, the gates and the proof do */
export async function run(work: Work): Promise<PhaseReport> {
  const { effect } = work;
  const { policy, phase } = effect;
  const migration = await filesOf(effect);
  if (policy.url === null) {
    await unprepared(work);
    return await runCommands(work, migration.phases[phase]);
  }
  const url = addressOf(work.app, policy.url);
  const parser = await loadParser();
  // What has not come to the database need not be taken back there.
  if (phase === 'undo' && !(await hasBegun({ url, migration }, 'expand', 'backfill')))
    return { round: effect.migration.round, steps: 0, ran: 0, ms: 0 };
  await prepare(work, { migration, url });
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

async function execute(work: Work, execution: Execution): Promise<PhaseReport> {
  const { effect, signal, telling } = work;
  const { policy, phase } = effect;
  const { migration, url, parser } = execution;
  const throttle = throttleOf(work);
  return await runPhase({
    url,
    migration,
    phase,
    parser,
    signal,
    first: () => mayBegin(work, execution),
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
