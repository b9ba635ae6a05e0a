import type { Prepared } from './prepare.ts';
import { refusalIn } from './refusal.ts';
import { seedNumbers } from './seed.ts';
import { inOrder, type Answer, type Ran, type Refusal, type Sent, type Session } from './session.ts';
import { kindsOf, valueOf, type Kinds, type Wish } from './values.ts';

/** A statement that was run with synthetic values, and what became of it. */
export interface Trial {
  readonly values: readonly (string | null)[];
  readonly answer: Answer<Ran>;
}

/** Where trials take place, and what is known there. */
export interface Around {
  readonly session: Session;
  readonly limitMs: number;
  readonly kinds: Kinds;
  /** Sequences by name, for parameters that mean one. */
  readonly relations: readonly string[];
}

/** Looks around for trials; where there is no sequence, any relation will do for what takes the name of one. */
export async function lookAround(session: Session, limitMs: number): Promise<Around> {
  const rows = await session.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'S' ORDER BY oid LIMIT 8`,
  );
  const relations = rows.length === 0 ? ['pg_class'] : rows.map(({ name }) => name);
  return { session, limitMs, kinds: await kindsOf(session), relations };
}

/** Stands where nothing has been asked yet. */
export const notAsked: { readonly refused: Refusal } = {
  refused: { code: '', message: 'not asked', parameter: null },
};

/** Where nothing has been changed yet: other values, until some work. */
export async function tryOthers(
  around: Around,
  { sent, before }: Prepared,
  trial: Trial | null,
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

/** Runs a statement within a transaction that is taken back. */
export async function attempt(
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
export function* valueSets(
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
