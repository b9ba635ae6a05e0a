import { TealError } from '../../errors.ts';
import { blockersOf, holdersOf, sayBlocker, type Blocker } from './blockers.ts';
import type { Held } from './held.ts';
import type { Place } from './ledger.ts';
import { patienceOf, type RunOptions } from './options.ts';
import { pauseBefore } from './patience.ts';
import { isCancelled, isContention, isLost } from './server-error.ts';
import type { Step } from './step.ts';
import { interrupted, pause, stopIf } from './wait.ts';

/** One step under way. */
export interface Doing<STEP extends Step = Step> {
  readonly held: Held;
  readonly options: RunOptions;
  readonly place: Place;
  readonly step: STEP;
}

/** What may have to wait for a lock: a step; or, as step 0, what is asked about the tables of a phase before its steps and after them. */
export interface Waiting {
  readonly held: Held;
  readonly options: RunOptions;
  readonly place: Pick<Place, 'phase' | 'step'>;
  readonly step: Pick<Step, 'what' | 'settings' | 'touches'>;
}

/** A waiting statement is looked at this often: several times within the shortest sensible lock_timeout. */
const lookMs = 30;

/**
 * Runs something in a transaction of its own, with the lock_timeout; what fails is taken back.
 * @param lockTimeoutMs 0: waits for ever
 * @param work what comes first; what it returns is sent in one message with COMMIT: a lock is held no longer than the server needs,
 *   however far or busy the client is, since everybody waits behind it
 */
export async function inTransaction(
  doing: Doing,
  lockTimeoutMs: number,
  work: () => Promise<string | void>,
): Promise<void> {
  await transaction(doing, lockTimeoutMs, async () => {
    await doing.held.fence();
    const last = await work();
    doing.options.tell({ type: 'step-ran', step: doing.place.step });
    return last;
  });
}

/**
 * What is only asked may wait for a lock, too: sizes, definitions and rows of a table are told to nobody while somebody changes it.
 * @param ask may be done again
 * @throws TealError `lock-not-granted`, with who held it
 */
export async function patientlyAsk<T>(waiting: Waiting, ask: () => Promise<T>): Promise<T> {
  let answer: T;
  await patiently(waiting, () =>
    transaction(waiting, patienceOf(waiting.options).lockTimeoutMs, async () => {
      answer = await ask();
    }),
  );
  return answer!;
}

async function transaction(
  { held, options, step }: Waiting,
  lockTimeoutMs: number,
  work: () => Promise<string | void>,
): Promise<void> {
  const { connection } = held;
  stopIf(options.signal);
  try {
    await connection.query('BEGIN');
    for (const setting of step.settings) await connection.query(setting);
    // After the file's own: who waits behind a lock has no say in how patient a file is.
    await connection.query(`SET LOCAL lock_timeout = ${Math.ceil(lockTimeoutMs)}`);
    const last = await work();
    stopIf(options.signal);
    // A comment may end the last statement.
    await connection.query(last === undefined ? 'COMMIT' : `${last}\n;COMMIT`);
  } catch (error) {
    if (!isLost(error)) await connection.query('ROLLBACK');
    throw options.signal.aborted && isCancelled(error) ? interrupted() : error;
  }
}

/**
 * Tries until no lock is in the way, with pauses in which those go through who have waited behind.
 * @throws TealError `lock-not-granted`, with who held it
 */
export async function patiently(doing: Waiting, attempt: (tries: number) => Promise<void>): Promise<void> {
  const { options, place, held } = doing;
  const { deadlineMs, lockTimeoutMs } = patienceOf(options);
  const deadline = performance.now() + deadlineMs;
  let seen: readonly Blocker[] = [];
  for (let tries = 1; ; tries++) {
    const watch = watching(held);
    try {
      await attempt(tries);
      return;
    } catch (error) {
      if (!isContention(error)) throw error;
      const ms = pauseBefore(tries, Math.random());
      seen = await seenInTheWay(doing, await watch.stop(), seen);
      const blockers = seen;
      if (performance.now() + ms > deadline)
        throw notGranted(doing, { tries, blockers, deadlineMs, lockTimeoutMs });
      options.tell({ type: 'waiting', step: place.step, tries, blockers });
      await pause(ms, options.signal);
    } finally {
      await watch.stop();
    }
  }
}

/** A try may be over before anybody has looked: then it is who was there before, or who holds locks on the tables. */
async function seenInTheWay(
  { held, step }: Waiting,
  now: readonly Blocker[],
  before: readonly Blocker[],
): Promise<readonly Blocker[]> {
  if (now.length > 0) return now;
  if (before.length > 0) return before;
  return holdersOf(held, [...new Set(step.touches.map(({ table }) => table))]);
}

interface Watch {
  /** @returns who was in the way last */
  stop(): Promise<readonly Blocker[]>;
}

/** Looks from outside who keeps a session waiting. @param each is told of them each time */
export function watching(
  held: Held,
  each: (blockers: readonly Blocker[]) => void = () => undefined,
  ms = lookMs,
): Watch {
  let last: readonly Blocker[] = [];
  let stopped = false;
  let looking: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    try {
      const found = await blockersOf(held.monitor, held.connection.pid);
      if (found.length > 0) {
        last = found;
        each(found);
      }
    } catch {
      // What happens to the statement itself is told; this only says more of it.
    }
    if (!stopped) arm();
  };
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    timer = setTimeout(() => (looking = look()), ms);
  };
  arm();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await looking;
      return last;
    },
  };
}

interface Tried {
  readonly tries: number;
  readonly blockers: readonly Blocker[];
  readonly deadlineMs: number;
  readonly lockTimeoutMs: number;
}

/** @throws never: it is what to throw */
export function notGranted({ step, place }: Waiting, tried: Tried): TealError {
  const { tries, blockers, deadlineMs, lockTimeoutMs } = tried;
  const who = blockers.map((each) => `  ${sayBlocker(each)}`).join('\n');
  return new TealError(
    'lock-not-granted',
    `${sayStep(place, step)} got no lock in ${tries === 1 ? 'one try' : `${tries} tries`} over ${Math.round(deadlineMs / 100) / 10} s${place.step === 0 ? '' : `: ${step.what}`}`,
    {
      remedy:
        blockers.length === 0
          ? 'Nobody was seen in the way: run it again.'
          : `End what is in the way (pg_terminate_backend ends a session), then run it again.\n${who}`,
      details: { step: place.step, tries, lockTimeoutMs, blockers },
    },
  );
}

const sayStep = ({ step, phase }: Waiting['place'], { what }: Waiting['step']): string =>
  step === 0 ? `The ${what} of ${phase}` : `Step ${step} of ${phase}`;
