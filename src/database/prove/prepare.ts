import type { Parser } from '../sql/parser.ts';
import type { Statement } from './corpus.ts';
import { innerOf } from './inner.ts';
import { inOrder, type Answer, type Described, type Refusal, type Sent, type Session } from './session.ts';
import { literalsOf, parameterCount, readable, withParameter } from './wording.ts';

/** A statement in the form in which the server takes it without values. */
export interface Prepared {
  readonly statement: Statement;
  readonly sent: Sent;
  /** How the server understands it where nothing has been changed yet. */
  readonly before: Described;
  /** Whether the text or types had to be repaired first. */
  readonly repaired: boolean;
}

/** Why a statement is not proven. */
export interface Unprovable {
  readonly statement: Statement;
  readonly refused: Refusal;
}

export type Preparation =
  | { readonly kind: 'prepared'; readonly prepared: Prepared }
  | { readonly kind: 'unprovable'; readonly unprovable: Unprovable }
  /** It names nothing of the schema, or changes it: nothing to prove. */
  | { readonly kind: 'session' | 'schema' };

const textOid = 25;
/** int4, text, numeric, timestamptz, int8, float8, date, interval, jsonb: what constants in programs mostly are. */
const candidates: readonly number[] = [23, textOid, 1700, 1184, 20, 701, 1082, 1186, 3802];
/** A statement for which as many tries have not sufficed is not worth more of them. */
const maximalTries = 120;

/** "Could not determine data type": any text will do for what the statement does with it. */
const undecided = '42P18';
/** An operator or function that is ambiguous or does not exist for what is not typed; types that do not meet. */
const untypable: ReadonlySet<string> = new Set(['42725', '42883', '42804', '42846', '22P02', '42P08']);
const notGrouped = '42803';

/**
 * Finds the form of a statement that the server takes, by the repairs that statements without values need. What the server takes as it
 * stands is asked once, so that many can be asked at a time.
 */
export async function prepareAll(
  parser: Parser,
  session: Session,
  statements: readonly Statement[],
): Promise<readonly Preparation[]> {
  const asked = await inOrder(
    session,
    statements.map((statement) => async (): Promise<Preparation | null> => {
      const inner = innerOf(parser, statement.text);
      if (inner.kind !== 'query') return { kind: inner.kind };
      const sent: Sent = { text: inner.text, types: [] };
      const answer = await session.describe(sent);
      if ('refused' in answer) return null;
      return { kind: 'prepared', prepared: { statement, sent, before: answer.ok, repaired: false } };
    }),
  );
  const done: Preparation[] = [];
  for (const [at, statement] of statements.entries())
    done.push(asked[at] ?? (await prepare(parser, session, statement)));
  return done;
}

async function prepare(
  parser: Parser,
  session: Pick<Session, 'describe'>,
  statement: Statement,
): Promise<Preparation> {
  const inner = innerOf(parser, statement.text);
  if (inner.kind !== 'query') return { kind: inner.kind };
  const first: Sent = { text: inner.text, types: [] };
  const attempt = new Attempt(parser, session);
  const found = (await attempt.solve(first)) ?? (await attempt.solve(reworded(parser, first)));
  if (found === null)
    return {
      kind: 'unprovable',
      unprovable: {
        statement,
        refused: attempt.last ?? { code: '', message: 'unreadable', parameter: null },
      },
    };
  const repaired = found.sent.text !== inner.text || found.sent.types.length > 0;
  return { kind: 'prepared', prepared: { statement, sent: found.sent, before: found.before, repaired } };
}

function reworded(parser: Parser, sent: Sent): Sent {
  return { text: readable(parser, sent.text), types: [] };
}

interface Solved {
  readonly sent: Sent;
  readonly before: Described;
}

class Attempt {
  readonly #parser: Parser;
  readonly #session: Pick<Session, 'describe'>;
  #tries = 0;
  /** What the server has said last, of the form that came furthest. */
  last: Refusal | null = null;

  constructor(parser: Parser, session: Pick<Session, 'describe'>) {
    this.#parser = parser;
    this.#session = session;
  }

  async solve(start: Sent): Promise<Solved | null> {
    const { sent, answer } = await this.#decided(start);
    if ('ok' in answer) return { sent, before: answer.ok };
    this.last = answer.refused;
    if (untypable.has(answer.refused.code)) return this.#typed(sent);
    if (answer.refused.code === notGrouped) return this.#unified(sent);
    return null;
  }

  async #ask(sent: Sent): Promise<Answer<Described>> {
    this.#tries++;
    return this.#session.describe(sent);
  }

  /** Says "text" of each parameter whose type the server cannot tell. */
  async #decided(start: Sent): Promise<{ readonly sent: Sent; readonly answer: Answer<Described> }> {
    let sent = start;
    for (;;) {
      const answer = await this.#ask(sent);
      if ('ok' in answer || answer.refused.code !== undecided || answer.refused.parameter === null)
        return { sent, answer };
      const { parameter } = answer.refused;
      if ((sent.types[parameter - 1] ?? 0) !== 0 || this.#tries > maximalTries) return { sent, answer };
      sent = typedAs(sent, parameter, textOid);
    }
  }

  /** Tries types: the same for all parameters, for one of them, for two of them. */
  async #typed(start: Sent): Promise<Solved | null> {
    const open = range(parameterCount(this.#parser, start.text)).filter(
      (parameter) => (start.types[parameter - 1] ?? 0) === 0,
    );
    for (const sent of variants(start, open)) {
      if (this.#tries > maximalTries) return null;
      const { sent: decided, answer } = await this.#decided(sent);
      if ('ok' in answer) return { sent: decided, before: answer.ok };
    }
    return null;
  }

  /** Equal constants have become different parameters, which GROUP BY takes for different expressions. */
  async #unified(start: Sent): Promise<Solved | null> {
    const all = range(parameterCount(this.#parser, start.text));
    const pairs = all.flatMap((from) => all.filter((to) => to < from).map((to) => ({ from, to: `$${to}` })));
    const constants = literalsOf(this.#parser, start.text).flatMap((to) => all.map((from) => ({ from, to })));
    for (const { from, to } of [...pairs, ...constants]) {
      if (this.#tries > maximalTries) return null;
      const { sent, answer } = await this.#decided({
        text: withParameter(this.#parser, start.text, from, to),
        types: start.types,
      });
      if ('ok' in answer) return { sent, before: answer.ok };
      if (answer.refused.code !== notGrouped && untypable.has(answer.refused.code)) {
        const typed = await this.#typed(sent);
        if (typed !== null) return typed;
      }
    }
    return null;
  }
}

function* variants(start: Sent, open: readonly number[]): Generator<Sent> {
  for (const type of candidates)
    yield open.reduce((sent, parameter) => typedAs(sent, parameter, type), start);
  for (const parameter of open) for (const type of candidates) yield typedAs(start, parameter, type);
  for (const one of open)
    for (const other of open.filter((each) => each > one))
      for (const first of candidates)
        for (const second of candidates)
          if (first !== second) yield typedAs(typedAs(start, one, first), other, second);
}

function typedAs(sent: Sent, parameter: number, type: number): Sent {
  const types = Array.from(
    { length: Math.max(sent.types.length, parameter) },
    (_, at) => sent.types[at] ?? 0,
  );
  types[parameter - 1] = type;
  return { ...sent, types };
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);
