import { Actor, groups } from './actor.ts';
import type { Prepared } from './prepare.ts';
import { isPassing, refusalIn } from './refusal.ts';
import {
  inOrder,
  type Answer,
  type Described,
  type Ran,
  type Refusal,
  type Sent,
  type Session,
} from './session.ts';
import { attempt, lookAround, notAsked, tryOthers, valueSets, type Around, type Trial } from './trial.ts';

/** What a schema makes of one statement. */
export interface Observation {
  /** As drivers send it that leave types to the server. */
  readonly untyped: Answer<Described>;
  /** As drivers send it that say the types, by those it had where nothing had been changed. */
  readonly typed: Answer<Described>;
  /** EXPLAIN of a plan for any values, which asks for rights and for what ON CONFLICT needs; null: there is no plan of it. */
  readonly plan: Answer<null> | null;
  /** What became of it with synthetic values, taken back at once; null: with none of them it worked before. */
  readonly trial: Trial | null;
}

/** A statement with what became of it. */
export interface Measured {
  readonly prepared: Prepared;
  readonly observation: Observation;
}

/** A statement that is run for longer than this, such as one with pg_sleep, tells nothing yet. */
const runLimitMs = 2000;
/** Whoever was too slow is asked once more, alone and with this: a busy server may let even the smallest wait for seconds. */
const patienceMs = 30_000;

export interface MeasureOptions {
  /** What was seen of the same statements earlier, so that they are run with the same values. */
  readonly before: ReadonlyMap<Prepared, Observation> | null;
  /** Roles whose rights are not looked at. */
  readonly missingRoles: readonly string[];
}

/** Looks what the schema as it is now makes of statements; changes nothing but sequences. */
export async function measure(
  session: Session,
  all: readonly Prepared[],
  { before, missingRoles }: MeasureOptions,
): Promise<readonly Measured[]> {
  const around = await lookAround(session, runLimitMs);
  const actor = new Actor(session, missingRoles);
  const measured: Measured[] = [];
  // What begins a trial must not run out of time: the statement would be run for good.
  await session.query(`SET statement_timeout = ${2 * patienceMs}; SET plan_cache_mode = force_generic_plan`);
  try {
    for (const group of groups(all)) {
      const [first] = group;
      if (first === undefined) continue;
      await actor.become(first.statement);
      const seen = await inOrder(
        session,
        group.map((prepared) => () => observe(around, prepared, before?.get(prepared) ?? null)),
      );
      for (const [at, prepared] of group.entries()) {
        const first = seen[at];
        if (first === undefined) continue;
        const patient: Around = { ...around, limitMs: patienceMs };
        const observation =
          passingOf(first) === null ? first : await observe(patient, prepared, before?.get(prepared) ?? null);
        const trial =
          before === null ? await tryOthers(around, prepared, observation.trial) : observation.trial;
        measured.push({ prepared, observation: { ...observation, trial } });
      }
    }
  } finally {
    await actor.leave();
    await session.query('RESET statement_timeout; RESET plan_cache_mode');
  }
  return measured;
}

/** The first answer that says nothing of the schema; null: all do. */
export function passingOf({ untyped, typed, plan, trial }: Observation): Refusal | null {
  const answers = [untyped, typed, plan, trial?.answer ?? null];
  return (
    answers
      .map((answer) => (answer !== null && 'refused' in answer ? answer.refused : null))
      .find((refused) => refused !== null && isPassing(refused)) ?? null
  );
}

async function observe(
  around: Around,
  prepared: Prepared,
  earlier: Observation | null,
): Promise<Observation> {
  const { session } = around;
  const typed: Sent = { text: prepared.sent.text, types: prepared.before.parameters };
  const values =
    earlier === null
      ? (valueSets(around, typed.types).next().value ?? null)
      : (earlier.trial?.values ?? null);
  const found: {
    untyped?: Answer<Described>;
    typed?: Answer<Described>;
    plan?: Answer<null> | null;
    answer?: Answer<Ran> | null;
  } = {};
  await inOrder<void>(session, [
    async () => {
      found.untyped = await session.describe(prepared.sent);
    },
    async () => {
      found.typed = await session.describe(typed);
    },
    async () => {
      found.plan = await explain(around, typed);
    },
    async () => {
      found.answer = values === null ? null : await attempt(around, typed, values);
    },
  ]);
  const { untyped = notAsked, typed: typedAnswer = notAsked, plan = null, answer = null } = found;
  const understood = 'ok' in typedAnswer;
  return {
    untyped,
    typed: typedAnswer,
    plan: understood ? plan : null,
    trial: !understood || answer === null || values === null ? null : { values, answer },
  };
}

/** PREPARE says the types, and with a plan for any values EXPLAIN needs none. */
async function explain({ session, kinds }: Around, { text, types }: Sent): Promise<Answer<null> | null> {
  const names = types.map((oid) => kinds.get(oid)?.name);
  if (names.includes(undefined) || /^\s*call\b/i.test(text)) return null;
  const [list, nulls] = [names.join(', '), names.map(() => 'NULL').join(', ')];
  const parameters = names.length === 0 ? ['', ''] : [`(${list})`, `(${nulls})`];
  const [prepare, refused] = await inOrder(session, [
    () => refusalIn(session, `PREPARE teal_plan${parameters[0]} AS ${text}`),
    () => refusalIn(session, `EXPLAIN EXECUTE teal_plan${parameters[1]}`),
    () => refusalIn(session, 'DEALLOCATE teal_plan'),
  ]);
  // What PREPARE alone refuses is no matter of the schema: Parse has taken it.
  if (prepare !== null) return null;
  return refused === null || refused === undefined ? { ok: null } : { refused };
}
