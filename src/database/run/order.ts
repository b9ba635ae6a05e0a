/** What of a phase is left to do, or why it cannot run now: a function of the record and the files. */
import { TealError } from '../../errors.ts';
import type { Phase } from '../../config/database.ts';
import type { Ledger, PhaseRecord, StepRecord } from './ledger.ts';
import type { Step } from './step.ts';

export interface Left {
  readonly round: number;
  /** All of it is done. */
  readonly done: boolean;
  /** Steps that are done, by number. */
  readonly steps: ReadonlyMap<number, StepRecord>;
  /** Undo of an expand that has not come to its end: what it has not made cannot be taken away. */
  readonly lenient: boolean;
}

/** Of every phase. */
type Steps = Readonly<Record<Phase, readonly Step[]>>;

/** @throws TealError `migration-order`, `migration-changed` */
export function leftOf(ledger: Ledger, phase: Phase, steps: Steps): Left {
  const round = roundOf(ledger, phase, steps);
  const own = ledger.phases.filter((each) => each.round === round);
  const record = (name: Phase): PhaseRecord | undefined => own.find((each) => each.phase === name);
  // A release passes over a phase that has nothing to do: of that there is no record.
  const isLeft = (name: Phase): boolean =>
    !isDone(record(name)) && (record(name) !== undefined || steps[name].length > 0);
  refuse(phase, { record, isLeft });
  if (phase === 'undo' && record('undo') === undefined && steps.undo.length === 0 && steps.expand.length > 0)
    throw order(
      'it has no undo: nothing says how to take back what expand has made',
      'Write undo.sql. Where that is done by hand, SELECT 1 in it says so',
    );
  const ran = ledger.steps.filter((each) => each.round === round && each.phase === phase);
  checkSame(ran, { phase, steps: steps[phase], record: record(phase) });
  return {
    round,
    done: isDone(record(phase)),
    steps: new Map(ran.map((each) => [each.step, each])),
    lenient: phase === 'undo' && isLeft('expand'),
  };
}

const isDone = (record: PhaseRecord | undefined): boolean =>
  record !== undefined && record.finishedAt !== null;

/** The one that has begun last; when that was undone, an expand begins the next, or what comes first where expand has nothing to do. */
function roundOf({ phases }: Pick<Ledger, 'phases'>, phase: Phase, steps: Steps): number {
  const last = Math.max(1, ...phases.map(({ round }) => round));
  const undone = phases.some((each) => each.round === last && each.phase === 'undo' && isDone(each));
  const begins = phase !== 'undo' && earlier[phase].every((before) => steps[before].length === 0);
  return undone && begins ? last + 1 : last;
}

const earlier: Readonly<Record<Phase, readonly Phase[]>> = {
  expand: [],
  backfill: ['expand'],
  contract: ['expand', 'backfill'],
  undo: [],
};

interface Recorded {
  readonly record: (name: Phase) => PhaseRecord | undefined;
  /** It has begun, or has something to do, and is not done. */
  readonly isLeft: (name: Phase) => boolean;
}

function refuse(phase: Phase, { record, isLeft }: Recorded): void {
  if (phase === 'undo') {
    if (record('contract') !== undefined)
      throw order(
        'contract has begun: what it has dropped cannot be undone',
        'Go forward: teal db run contract <folder>',
      );
    if (record('expand') === undefined && record('backfill') === undefined)
      throw order('there is nothing to undo: expand has not run', 'Look at: teal db status');
    return;
  }
  const undo = record('undo');
  if (undo !== undefined && !isDone(undo))
    throw order(`undo has begun, so ${phase} cannot run`, 'Finish it first: teal db run undo <folder>');
  if (undo !== undefined)
    throw order(
      `it was undone, so ${phase} has nothing to build on`,
      'Begin again: teal db run expand <folder>',
    );
  for (const before of earlier[phase])
    if (isLeft(before))
      throw order(
        `${before} is not done, so ${phase} cannot run`,
        `Run it first: teal db run ${before} <folder>`,
      );
}

const order = (why: string, remedy: string): TealError => new TealError('migration-order', why, { remedy });

interface Compared {
  readonly phase: Phase;
  readonly steps: readonly Step[];
  readonly record: PhaseRecord | undefined;
}

/** What has run has to be in the file as it ran. What has not may change, which is how a failed step is corrected. */
function checkSame(ran: readonly StepRecord[], { phase, steps, record }: Compared): void {
  for (const { step, checksum, what, state } of ran) {
    const now = steps[step - 1];
    if (now?.checksum === checksum) continue;
    const how = state === 'done' ? 'has run' : 'has begun';
    throw changed(
      `Step ${step} of ${phase} ${how} as “${what}”, and ${now === undefined ? 'is not there any more' : `is now “${now.what}”`}`,
      { phase, step, was: what, now: now?.what ?? null },
    );
  }
  if (record !== undefined && isDone(record) && steps.length !== record.steps)
    throw changed(`${phase} was done with ${record.steps} steps, and has ${steps.length} now`, {
      phase,
      was: record.steps,
      now: steps.length,
    });
}

function changed(message: string, details: Readonly<Record<string, unknown>>): TealError {
  return new TealError('migration-changed', message, {
    remedy: 'Put the file back as it was when it ran, and write what is new as another migration.',
    details,
  });
}
