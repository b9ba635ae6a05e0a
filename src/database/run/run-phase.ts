import { TealError } from '../../errors.ts';
import { patientlyAsk, type Waiting } from './attempt.ts';
import { hold, settle, type Held } from './held.ts';
import { readLedger, recordPhase, recordPhaseDone, type Place } from './ledger.ts';
import type { RunOptions } from './options.ts';
import { leftOf, type Left } from './order.ts';
import { pauseBefore } from './patience.ts';
import { planOf, type Plan } from './plan.ts';
import { preflight } from './preflight.ts';
import { runStep, type Passes } from './run-step.ts';
import { aboutRecord, isLost, sayServerError } from './server-error.ts';
import { driftFrom, sayDrift, shapeOf } from './shape.ts';
import { throttling, type Throttle } from './throttle.ts';
import { pause, stopIf } from './wait.ts';

/** What was done. */
export interface PhaseReport {
  readonly round: number;
  readonly steps: number;
  /** Now, rather than before. */
  readonly ran: number;
  readonly ms: number;
}

const usualReconnectMs = 120_000;

/**
 * Runs a phase of a migration, or what is left of it: steps that are recorded as done are not run again, whoever has run them. A
 * server that goes away and comes back is gone on with.
 * @throws TealError; what is done stays recorded, so the same call goes on from there
 */
export async function runPhase(options: RunOptions): Promise<PhaseReport> {
  const startedAt = performance.now();
  const plan = planOf(options.parser, options.migration);
  const under: Under = { options, plan, throttle: throttling(), passes: { count: 0 }, ran: 0, looked: false };
  for (let tries = 0, seenAt: number | null = null; ;) {
    let held: Held | null = null;
    let asking = false;
    const first = async (): Promise<void> => {
      asking = true;
      await options.first?.();
      asking = false;
    };
    try {
      held = await hold({ ...options, first });
      [tries, seenAt] = [0, performance.now()];
      const left = await goOn(under, held);
      return {
        round: left.round,
        steps: plan.steps[options.phase].length,
        ran: under.ran,
        ms: performance.now() - startedAt,
      };
    } catch (error) {
      if (!isLost(error) && !(asking && isAway(error))) throw aboutRecord(error);
      stopIf(options.signal);
      // Who asks first again and again in vain is not there in between.
      if (held !== null || (asking && tries === 0)) seenAt = performance.now();
      const why = sayServerError(error);
      if (seenAt === null || performance.now() - seenAt > (options.reconnectMs ?? usualReconnectMs))
        throw away(error, seenAt === null);
      tries += 1;
      if (tries === 1) options.tell({ type: 'reconnecting', why });
      await pause(pauseBefore(tries, Math.random()), options.signal);
    } finally {
      await held?.close();
    }
  }
}

/** Told by others who asked it, of a server that has let us in a moment ago. */
const isAway = (error: unknown): boolean =>
  error instanceof TealError && error.code === 'database-unavailable';

function away(error: unknown, atFirst: boolean): TealError {
  return new TealError(
    'database-unavailable',
    atFirst
      ? `The database cannot be reached: ${sayServerError(error)}`
      : `The database went away and did not come back: ${sayServerError(error)}`,
    {
      remedy: atFirst
        ? 'Is it running, and is the address right? Try the same with psql.'
        : 'What is done is recorded: when it is back, the same command goes on from there.',
      cause: error,
    },
  );
}

interface Under {
  readonly options: RunOptions;
  readonly plan: Plan;
  readonly throttle: Throttle;
  readonly passes: Passes;
  ran: number;
  /** The pre-flight was told once; after a reconnection there is no choice any more. */
  looked: boolean;
}

async function goOn(under: Under, held: Held): Promise<Left> {
  const { options, plan } = under;
  const { phase, migration } = options;
  const steps = plan.steps[phase];
  const left = await leftNow(under, held);
  if (left.done) return left;
  await lookBefore(under, { held, left });
  const at = { migration: migration.name, round: left.round, phase };
  await held.fence();
  await recordPhase(held.connection, at, steps.length);
  options.tell({ type: 'phase-started', round: left.round, steps: steps.length, done: doneIn(left) });
  for (let index = 0; index < steps.length;) {
    const step = steps[index];
    const now = await leftNow(under, held);
    const before = now.steps.get(index + 1);
    if (step === undefined) break;
    const place: Place = { ...at, step: index + 1, epoch: held.epoch };
    if (before?.state === 'done') {
      index++;
      continue;
    }
    const again = await runStep({ held, options, place, step }, { ...under, before, lenient: left.lenient });
    under.ran += 1;
    if (step.settings.length > 0) {
      await held.connection.query('RESET ALL');
      await settle(held.connection, options);
    }
    // A verify that has found more begins with the batches before it once more.
    index = again ? 0 : index + 1;
  }
  await held.fence();
  const shape = await patientlyAsk(beside(under, held, 'look at what has come of it'), () =>
    shapeOf(held.connection, plan.tables),
  );
  await recordPhaseDone(held.connection, at, shape);
  options.tell({ type: 'phase-done', steps: steps.length });
  return left;
}

const doneIn = (left: Left): number =>
  [...left.steps.values()].filter(({ state }) => state === 'done').length;

async function leftNow({ options, plan }: Under, held: Held): Promise<Left> {
  const ledger = await readLedger(held.connection, options.migration.name);
  return leftOf(ledger, options.phase, plan.steps);
}

interface Before {
  readonly held: Held;
  readonly left: Left;
}

/** The pre-flight, and whether the schema is what the phase before has left. @throws TealError `preflight-failed`, `schema-drift` */
async function lookBefore(under: Under, { held, left }: Before): Promise<void> {
  if (under.looked) return;
  under.looked = true;
  const { options, plan } = under;
  const waiting = plan.steps[options.phase].filter((_, index) => left.steps.get(index + 1)?.state !== 'done');
  const beforehand = beside(under, held, 'pre-flight');
  const found = await patientlyAsk(beforehand, () =>
    preflight({ connection: held.connection, steps: waiting }),
  );
  for (const { level, what, remedy } of found)
    if (level === 'warn' || options.force === true)
      options.tell({ type: 'notice', text: `${what}. ${remedy}` });
  const stops = found.filter(({ level }) => level === 'stop');
  const [first] = stops;
  if (first !== undefined && options.force !== true)
    throw new TealError('preflight-failed', `Nothing has run: ${stops.map(({ what }) => what).join('; ')}`, {
      remedy: stops.map(({ remedy }) => remedy).join('\n'),
      details: { found },
    });
  // What the phase itself has done so far is no drift.
  if (left.steps.size === 0 && options.acceptDrift !== true)
    await checkDrift(under, { held, left }, beforehand);
}

/** What is asked of all tables of a phase, and is none of its steps. */
const beside = ({ options, plan }: Under, held: Held, what: string): Waiting => ({
  held,
  options,
  place: { phase: options.phase, step: 0 },
  step: { what, settings: [], touches: plan.steps[options.phase].flatMap(({ touches }) => touches) },
});

async function checkDrift(
  { options, plan }: Under,
  { held, left }: Before,
  beforehand: Waiting,
): Promise<void> {
  const { phases } = await readLedger(held.connection, options.migration.name);
  const last = phases.findLast(({ round, finishedAt }) => round === left.round && finishedAt !== null);
  if (last === undefined) return;
  const now = await patientlyAsk(beforehand, () => shapeOf(held.connection, plan.tables));
  const drift = driftFrom(now, last.shape);
  if (drift.length === 0) return;
  throw new TealError(
    'schema-drift',
    `Since ${last.phase} somebody has changed ${drift.length === 1 ? 'one thing' : `${drift.length} things`} of its tables`,
    {
      remedy: `What ${last.phase} has left, and what it is now:\n${drift.map((each) => `  ${sayDrift(each)}`).join('\n')}\nPut it right, or go on: --accept-drift`,
      details: { since: last.phase, missing: drift.map(({ was }) => was), drift },
    },
  );
}
