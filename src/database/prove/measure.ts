import type { Prepared } from './prepare.ts';
import { seedNumbers } from './seed.ts';
import {
  inOrder,
  type Answer,
  type Described,
  type Ran,
  type Refusal,
  type Sent,
  type Session,
} from './session.ts';
import { kindsOf, valueOf, type Kinds, type Wish } from './values.ts';
import type { Statement } from './corpus.ts';

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

interface Trial {
  readonly values: readonly (string | null)[];
  readonly answer: Answer<Ran>;
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
  const around: Around = {
    session,
    limitMs: runLimitMs,
    kinds: await kindsOf(session),
    relations: await sequencesOf(session),
  };
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
        const trial = before === null ? await tryOthers(around, prepared, observation) : observation.trial;
        measured.push({ prepared, observation: { ...observation, trial } });
      }
    }
  } finally {
    await actor.leave();
    await session.query('RESET statement_timeout; RESET plan_cache_mode');
  }
  return measured;
}

/** Time, locks and room of a busy server: they say nothing of the schema. */
export function isPassing({ code }: Pick<Refusal, 'code'>): boolean {
  return code === '57014' || code === '55P03' || code.startsWith('40') || code.startsWith('53');
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

/** So many are sent ahead: enough that the way to the server no longer counts, few enough to be kept in memory. */
const sentAhead = 64;

/** Statements that follow each other and are sent by the same role, looking for names in the same place. */
export function groups(all: readonly Prepared[]): readonly (readonly Prepared[])[] {
  const found: Prepared[][] = [];
  for (const prepared of all) {
    const last = found.at(-1);
    const before = last?.[0]?.statement;
    const same =
      before?.role === prepared.statement.role && before.searchPath === prepared.statement.searchPath;
    if (last !== undefined && same && last.length < sentAhead) last.push(prepared);
    else found.push([prepared]);
  }
  return found;
}

interface Around {
  readonly session: Session;
  readonly limitMs: number;
  readonly kinds: Kinds;
  readonly relations: readonly string[];
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

const notAsked: { readonly refused: Refusal } = {
  refused: { code: '', message: 'not asked', parameter: null },
};

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

async function refusalIn(session: Session, sql: string): Promise<Refusal | null> {
  try {
    await session.query(sql);
    return null;
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    return refused;
  }
}

/** The server's own word in an error; null: it was something else, such as a connection that ended. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^[0-9A-Z]{5}$/.test(error.code)
    ? { code: error.code, message: error.message, parameter: null }
    : null;
}

/** Where nothing has been changed yet: other values, until some work. */
async function tryOthers(
  around: Around,
  { sent, before }: Prepared,
  { trial }: Observation,
): Promise<Trial | null> {
  if (trial === null || 'ok' in trial.answer) return trial;
  const typed: Sent = { text: sent.text, types: before.parameters };
  let last = JSON.stringify(trial.values);
  for (const values of valueSets(around, typed.types)) {
    const told = JSON.stringify(values);
    if (told === last) continue;
    last = told;
    const answer = await attempt(around, typed, values);
    if ('ok' in answer) return { values, answer };
  }
  return null;
}

async function attempt(
  { session, limitMs }: Around,
  sent: Sent,
  values: readonly (string | null)[],
): Promise<Answer<Ran>> {
  let answer: Answer<Ran> = notAsked;
  await inOrder<unknown>(session, [
    () => session.query('BEGIN'),
    () => session.query(`SET LOCAL statement_timeout = ${limitMs}`),
    async () => {
      answer = await session.run(sent, values);
    },
    ...endsOf(session),
  ]);
  return answer;
}

/**
 * Takes a trial back. The limit of the trial still holds for ROLLBACK, and one that was cancelled leaves a failed transaction: a second
 * one ends that, without the limit, and after one that has worked does nothing. Where questions wait for answers, none is behind it.
 */
function endsOf(session: Session): readonly (() => Promise<unknown>)[] {
  if (!session.pipelined) return [() => session.query('ROLLBACK')];
  return [() => refusalIn(session, 'ROLLBACK'), () => session.query('ROLLBACK')];
}

/** A number that no row has: a key of its own. */
const fresh = 900;

/** What is tried: the rows of the seed, new rows, rows that refer to the seed, and each sequence by its name. */
function* valueSets(
  { kinds, relations }: Around,
  types: readonly number[],
): Generator<readonly (string | null)[]> {
  const [first, second] = seedNumbers;
  const numbers: readonly ((at: number) => number)[] = [
    () => first,
    () => fresh,
    (at) => (at === 0 ? fresh : first),
    (at) => (at % 2 === 0 ? first : second),
    (at) => (at % 2 === 0 ? second : first),
    (at) => (at === types.length - 1 ? fresh : first),
    () => 10,
  ];
  for (const relation of relations)
    for (const number of numbers)
      yield types.map((oid, at) => valueOf(kinds, oid, { number: number(at), relation } satisfies Wish));
}

async function sequencesOf(session: Session): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'S' ORDER BY oid LIMIT 8`,
  );
  return rows.length === 0 ? ['pg_class'] : rows.map(({ name }) => name);
}

/** A schema that was made of files may grant nothing: a role without any right would only be told that it has none. */
const anyRights = `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')) AS any`;

/** Sends statements as the role that sends them, looking for names where it does. */
export class Actor {
  readonly #session: Session;
  #now = '';
  readonly #decided: boolean;
  /** Roles that are not there, may not be taken, or have no rights at all: theirs are not looked at. */
  readonly missing: Set<string>;

  /** @param missing what was found before anything was changed: who loses its last right then is to be told so */
  constructor(session: Session, missing: readonly string[] | null = null) {
    this.#session = session;
    this.#decided = missing !== null;
    this.missing = new Set(missing);
  }

  async become({ role, searchPath }: Statement): Promise<void> {
    const wanted = JSON.stringify([role, searchPath]);
    if (wanted === this.#now) return;
    await this.leave();
    if (role !== null && !this.missing.has(role)) await this.#take(role);
    await this.#session.query("SELECT set_config('search_path', $1, false)", [
      searchPath ?? '"$user", public',
    ]);
    this.#now = wanted;
  }

  async #take(role: string): Promise<void> {
    try {
      // With SET ROLE the rights of the new role count, and it works for members who are no superusers.
      await this.#session.query("SELECT set_config('role', $1, false)", [role]);
    } catch (error) {
      if (refusalOf(error) === null) throw error;
      this.missing.add(role);
      return;
    }
    if (this.#decided) return;
    const [row] = await this.#session.query<{ any: boolean }>(anyRights);
    if (row?.any === true) return;
    this.missing.add(role);
    await this.#session.query('RESET ROLE');
  }

  async leave(): Promise<void> {
    await this.#session.query('RESET ROLE; RESET search_path');
    this.#now = '';
  }
}
