import type { Prepared } from './prepare.ts';
import { seedNumbers } from './seed.ts';
import type { Answer, Described, Ran, Refusal, Sent, Session } from './session.ts';
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

export interface Trial {
  readonly values: readonly (string | null)[];
  readonly answer: Answer<Ran>;
}

/** A statement with what became of it. */
export interface Measured {
  readonly prepared: Prepared;
  readonly observation: Observation;
}

/** A statement that waits for more than this, such as pg_sleep or a lock, tells nothing. */
const statementTimeoutMs = 2000;

/**
 * Looks what the schema as it is now makes of statements; changes nothing but sequences.
 * @param before what was seen of the same statements earlier, so that they are run with the same values
 */
export async function measure(
  session: Session,
  all: readonly Prepared[],
  before: ReadonlyMap<Prepared, Observation> | null,
): Promise<readonly Measured[]> {
  const kinds = await kindsOf(session);
  const relations = await sequencesOf(session);
  const actor = new Actor(session);
  const measured: Measured[] = [];
  await session.query(
    `SET statement_timeout = ${statementTimeoutMs}; SET plan_cache_mode = force_generic_plan`,
  );
  try {
    for (const prepared of all) {
      await actor.become(prepared.statement);
      const earlier = before?.get(prepared) ?? null;
      measured.push({
        prepared,
        observation: await observe({ session, kinds, relations }, prepared, earlier),
      });
    }
  } finally {
    await actor.leave();
    await session.query('RESET statement_timeout; RESET plan_cache_mode');
  }
  return measured;
}

interface Around {
  readonly session: Session;
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
  const untypedAnswer = await session.describe(prepared.sent);
  // Where the server decides for the types that were there before, saying them says the same.
  const same = 'ok' in untypedAnswer && untypedAnswer.ok.parameters.join() === typed.types.join();
  const typedAnswer = same ? untypedAnswer : await session.describe(typed);
  return {
    untyped: untypedAnswer,
    typed: typedAnswer,
    plan: 'ok' in typedAnswer ? await explain(around, typed) : null,
    trial: 'ok' in typedAnswer ? await tryOut(around, typed, earlier) : null,
  };
}

/** PREPARE says the types, and with a plan for any values EXPLAIN needs none. */
async function explain({ session, kinds }: Around, { text, types }: Sent): Promise<Answer<null> | null> {
  const names = types.map((oid) => kinds.get(oid)?.name);
  if (names.includes(undefined) || /^\s*call\b/i.test(text)) return null;
  const [list, nulls] = [names.join(', '), names.map(() => 'NULL').join(', ')];
  const parameters = names.length === 0 ? ['', ''] : [`(${list})`, `(${nulls})`];
  // In one message: a question more for each statement is felt where there are thousands.
  const ended = await refusalIn(
    session,
    `PREPARE teal_plan${parameters[0]} AS ${text}; EXPLAIN EXECUTE teal_plan${parameters[1]}; DEALLOCATE teal_plan`,
  );
  if (ended === null) return { ok: null };
  // What is prepared stays prepared when EXPLAIN fails. What PREPARE alone refuses is no matter of the schema: Parse has taken it.
  const prepared = (await refusalIn(session, 'DEALLOCATE teal_plan')) === null;
  return prepared ? { refused: ended } : null;
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

/** Runs it with values that have worked before, else with others until some work. */
async function tryOut(around: Around, sent: Sent, earlier: Observation | null): Promise<Trial | null> {
  if (earlier !== null) {
    if (earlier.trial === null) return null;
    const { values } = earlier.trial;
    return { values, answer: await attempt(around.session, sent, values) };
  }
  let last = '';
  for (const values of valueSets(around, sent.types)) {
    const told = JSON.stringify(values);
    if (told === last) continue;
    last = told;
    const answer = await attempt(around.session, sent, values);
    if ('ok' in answer) return { values, answer };
  }
  return null;
}

async function attempt(
  session: Session,
  sent: Sent,
  values: readonly (string | null)[],
): Promise<Answer<Ran>> {
  await session.query('BEGIN');
  try {
    return await session.run(sent, values);
  } finally {
    await session.query('ROLLBACK');
  }
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

/** Sends statements as the role that sends them, looking for names where it does. */
export class Actor {
  readonly #session: Session;
  #now = '';
  /** Roles that are not there, or may not be taken: their rights are not looked at. */
  readonly missing = new Set<string>();

  constructor(session: Session) {
    this.#session = session;
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
    }
  }

  async leave(): Promise<void> {
    await this.#session.query('RESET ROLE; RESET search_path');
    this.#now = '';
  }
}
