/**
 * The steps of a phase. What stands between BEGIN and COMMIT is one step; of what stands alone each statement is one, but in undo,
 * where statements about the same table that follow each other are one: a trigger without its columns would fail every write.
 */
import { createHash } from 'node:crypto';
import { TealError } from '../../errors.ts';
import { locksOf } from '../lint/locks.ts';
import type { Phase } from '../../config/database.ts';
import { positions } from '../lint/source.ts';
import { learn, nothingKnown, type Known } from '../sql/known.ts';
import type { Parsed, Parser, Token } from '../sql/parser.ts';
import { readStatements, type Statement } from '../sql/read.ts';
import { batchOf } from './batch-of.ts';
import { concurrentOf } from './concurrent-of.ts';
import type { Source, Step, Touch, TransactionStep } from './step.ts';

/** One statement of a file, with all that the readers of steps look at. */
export interface Piece {
  readonly sql: string;
  readonly checksum: string;
  readonly parsed: Parsed;
  readonly statement: Statement;
  readonly tokens: readonly Token[];
  readonly touches: readonly Touch[];
  /** `db/7/expand.sql:3`. */
  readonly place: string;
}

/** @param known what the phases before have told @throws TealError `migration-invalid` */
export function readSteps(
  parser: Parser,
  { phase, sources, known = nothingKnown }: Reading,
): readonly Step[] {
  let knows = known;
  return sources.flatMap((source): readonly Step[] => {
    if ('run' in source) return [hook(source.run)];
    const pieces = piecesOf(parser, source, knows);
    knows = pieces.flatMap(({ statement }) => statement.changes).reduce(learn, knows);
    return stepsOf(pieces, phase);
  });
}

export interface Reading {
  readonly phase: Phase;
  readonly sources: readonly Source[];
  readonly known?: Known;
}

/** Something that cannot run as it is written. */
function invalid(place: string, why: string, remedy: string): TealError {
  return new TealError('migration-invalid', `${place}: ${why}`, { remedy, details: { place } });
}

export const checksumOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Enough to recognise it by. */
const titleOf = (sql: string): string => {
  const line = sql.replaceAll(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
};

function hook(command: string): Step {
  const checksum = checksumOf(`run ${command}`);
  return { kind: 'hook', command, what: titleOf(command), checksum, settings: [], touches: [] };
}

export function piecesOf(
  parser: Parser,
  { sql, file }: Extract<Source, { sql: string }>,
  known: Known,
): readonly Piece[] {
  const parsed = parser.parse(sql);
  const statements = readStatements(parser, sql);
  const place = positions(sql);
  if ('message' in parsed || 'message' in statements) {
    const { message, at } = 'message' in parsed ? parsed : (statements as { message: string; at: number });
    throw invalid(`${file}:${place(at).line}`, message, 'Correct it; nothing has run.');
  }
  const tokens = parser.tokens(sql).filter(({ comment }) => !comment);
  const bytes = Buffer.from(sql);
  let knows = known;
  return parsed.map((each, index): Piece => {
    const statement = statements[index] ?? { start: 0, end: 0, changes: [] };
    const own = tokens.filter(
      ({ start, end, text }) => start >= each.start && end <= each.end && text !== ';',
    );
    const start = own[0]?.start ?? each.start;
    const touches = statement.changes.flatMap((change) => {
      const locks = locksOf(change, knows).map(({ on, mode, work }): Touch => ({ table: on, mode, work }));
      knows = learn(knows, change);
      return locks;
    });
    return {
      sql: bytes.subarray(start, own.at(-1)?.end ?? each.end).toString(),
      checksum: checksumOf(own.map(({ text }) => text).join(' ')),
      parsed: each,
      statement,
      tokens: own,
      touches,
      place: `${file}:${place(start).line}`,
    };
  });
}

const kindOf = ({ statement }: Piece): string => statement.changes[0]?.kind ?? 'other';

function stepsOf(pieces: readonly Piece[], phase: Phase): readonly Step[] {
  const steps: Step[] = [];
  let settings: string[] = [];
  let open: Piece[] | null = null;
  for (const piece of pieces) {
    const kind = kindOf(piece);
    if (kind === 'rollback' || kind === 'savepoint')
      throw invalid(
        piece.place,
        'a migration cannot take itself back',
        'Leave it out: what fails is taken back by itself.',
      );
    if (kind === 'begin') {
      if (open !== null) throw invalid(piece.place, 'BEGIN in a transaction', 'Leave one of them out.');
      open = [];
    } else if (kind === 'commit') {
      if (open === null)
        throw invalid(piece.place, 'COMMIT without BEGIN', 'Leave it out, or begin the transaction.');
      if (open.length > 0) steps.push(transactionOf(open, settings));
      open = null;
    } else if (open !== null) open.push(piece);
    else if (kind === 'set') settings = [...settings, piece.sql];
    else steps.push(alone(piece, phase, settings));
  }
  if (open !== null)
    throw invalid(
      pieces.at(-1)?.place ?? '',
      'the transaction has no COMMIT',
      'Write COMMIT; where it ends.',
    );
  return phase === 'undo' ? together(steps) : steps;
}

function alone(piece: Piece, phase: Phase, settings: readonly string[]): Step {
  const own = { what: titleOf(piece.sql), checksum: piece.checksum, settings, touches: piece.touches };
  const settle = concurrentOf(piece);
  if (settle !== null) return { kind: 'concurrent', statement: piece.sql, settle, ...own };
  if (phase === 'backfill') {
    const batch = batchOf(piece);
    if (batch !== null) return { kind: 'batch', ...batch, ...own };
    if ('SelectStmt' in piece.parsed.node) return { kind: 'verify', query: piece.sql, ...own };
  }
  return transactionOf([piece], settings);
}

function transactionOf(pieces: readonly Piece[], settings: readonly string[]): TransactionStep {
  for (const piece of pieces)
    if (concurrentOf(piece) !== null)
      throw invalid(
        piece.place,
        'it cannot run in a transaction',
        'Write it behind COMMIT, or in front of BEGIN.',
      );
  const touches = pieces.flatMap((piece) => piece.touches);
  return {
    kind: 'transaction',
    statements: pieces.map(({ sql }) => sql),
    patient: touches.length > 0 && touches.every(({ mode }) => isGentle(mode)),
    what: titleOf(pieces.map(({ sql }) => sql).join('; ')),
    checksum:
      pieces.length === 1
        ? (pieces[0]?.checksum ?? '')
        : checksumOf(pieces.map(({ checksum }) => checksum).join()),
    settings,
    touches,
  };
}

/** Neither reads nor writes wait for it, nor behind it. */
const isGentle = (mode: Touch['mode']): boolean =>
  mode === 'AccessShare' || mode === 'RowShare' || mode === 'ShareUpdateExclusive';

/** Statements about the same table that follow each other, as one transaction. */
function together(steps: readonly Step[]): readonly Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const before = out.at(-1);
    if (before?.kind === 'transaction' && step.kind === 'transaction' && sameTables(before, step))
      out[out.length - 1] = {
        ...before,
        statements: [...before.statements, ...step.statements],
        patient: before.patient && step.patient,
        what: titleOf([...before.statements, ...step.statements].join('; ')),
        checksum: checksumOf(`${before.checksum},${step.checksum}`),
        touches: [...before.touches, ...step.touches],
      };
    else out.push(step);
  }
  return out;
}

function sameTables(one: Step, other: Step): boolean {
  const tables = (step: Step): string =>
    [...new Set(step.touches.map(({ table }) => table))].toSorted().join();
  return tables(one) !== '' && tables(one) === tables(other) && one.settings.join() === other.settings.join();
}
