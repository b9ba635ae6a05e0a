import { lint, type Finding as LintFinding, type SqlFile } from '../lint/lint.ts';
import { upPart } from '../lint/source.ts';
import type { Change } from '../sql/change.ts';
import type { Parser } from '../sql/parser.ts';
import { readStatements } from '../sql/read.ts';
import { oldestServer } from '../sql/version.ts';
import { sayType } from '../sql/words.ts';
import { TealError } from '../../errors.ts';
import { compare, takeBaseline, type Baseline } from './baseline.ts';
import type { Corpus } from './corpus.ts';
import type { Felt } from './finding.ts';
import { refusalOf } from './measure.ts';
import { nested } from './nested.ts';
import type { Session } from './session.ts';

/** Where a statement of an ordinary migration belongs, and why. */
export interface Sorted {
  readonly sql: string;
  readonly phase: 'expand' | 'backfill' | 'contract';
  /** What the live version, or a rule, has to say against running it at once. */
  readonly why: string | null;
  /** How to get what it wants without breaking a version: a command; null: sorting is enough. */
  readonly instead: string | null;
  /** Whether statements of the live version said so, or only rules. */
  readonly by: 'proof' | 'rules';
}

/** The live version's statements, and a database to try them in; without them only the rules speak. */
export interface Trying {
  readonly session: Session;
  readonly live: Corpus;
}

/**
 * Sorts the statements of a migration, in their order: what the live version can live with goes to expand, rows to backfill, what it
 * cannot to contract. What stands on a statement that has to wait waits too. @throws TealError `usage`
 */
export async function splitMigration(
  parser: Parser,
  file: SqlFile,
  trying: Trying | null,
): Promise<readonly Sorted[]> {
  const text = upPart(file.text);
  const statements = readStatements(parser, text);
  if ('message' in statements)
    throw new TealError('usage', `${file.path} cannot be read: ${statements.message}`, {
      remedy: `See what and where: teal db lint ${file.path}`,
      details: { file: file.path },
    });
  const bytes = Buffer.from(text);
  const ruled = rulesPerStatement(parser, { path: 'migration.sql', text });
  const sorted: Sorted[] = [];
  const baseline =
    trying === null ? null : await takeBaseline(parser, trying.session, trying.live.statements);
  const inside = trying === null ? null : await nested(trying.session);
  try {
    for (const { start, end, changes } of statements) {
      const sql = bytes.subarray(start, end).toString().trim();
      if (changes.every(({ kind }) => steering.has(kind))) continue;
      const findings = ruled(Buffer.byteLength(leading(bytes, start)), sql);
      const said: Opinion =
        inside === null || baseline === null || cannotBeTried(changes)
          ? byRules(findings)
          : await byProof({ parser, session: inside, baseline }, sql, findings);
      sorted.push(place(sql, changes, said));
    }
  } finally {
    await inside?.undo();
  }
  return sorted;
}

/** BEGIN and SET have no place of their own: each file is run as the phases are. */
const steering: ReadonlySet<Change['kind']> = new Set(['begin', 'commit', 'rollback', 'savepoint', 'set']);

const leading = (bytes: Buffer, start: number): string => bytes.subarray(0, start).toString();

/** CONCURRENTLY and VACUUM refuse transactions, and change nothing that statements feel but speed. */
function cannotBeTried(changes: readonly Change[]): boolean {
  return changes.some(
    (change) => ('concurrently' in change && change.concurrently) || change.kind === 'vacuum-full',
  );
}

interface Opinion {
  readonly verdict: 'fine' | 'waits' | 'rows';
  readonly why: string | null;
  readonly by: 'proof' | 'rules';
}

/** What rules say of each statement, for one that starts at a byte. */
function rulesPerStatement(
  parser: Parser,
  file: SqlFile,
): (start: number, sql: string) => readonly LintFinding[] {
  const { findings } = lint([file], { parser, version: oldestServer, inTransaction: false });
  const lines = file.text.split('\n');
  const offsets: number[] = [];
  for (let at = 0, sum = 0; at < lines.length; at++) {
    offsets.push(sum);
    sum += Buffer.byteLength(lines[at] ?? '') + 1;
  }
  const place = ({ line, column }: LintFinding): number =>
    (offsets[line - 1] ?? 0) +
    Buffer.byteLength(
      Array.from(lines[line - 1] ?? '')
        .slice(0, column - 1)
        .join(''),
    );
  return (start, sql) => {
    // The parser counts the blanks in front of a statement to it.
    const end = start + Buffer.byteLength(sql) + 1;
    return findings.filter((each) => place(each) >= start && place(each) <= end + blanks(file.text, start));
  };
}

const blanks = (text: string, start: number): number =>
  /^\s*/.exec(Buffer.from(text).subarray(start).toString())?.[0].length ?? 0;

/** Rules about locks and style do not tell in which phase something belongs. */
const aboutBlocking =
  /-blocks$|-locks$|^(?:lock-timeout|several-tables-locked|work-after-lock|mass-write|do-block|missing-grant|foreign-key-without-index|index-if-not-exists|identifier-too-long|nested-transaction|uncommitted-transaction|concurrently-in-transaction)$/;

function byRules(findings: readonly LintFinding[]): Opinion {
  const against = findings.find(({ rule, level }) => level !== 'note' && !aboutBlocking.test(rule));
  return against === undefined
    ? { verdict: 'fine', why: null, by: 'rules' }
    : { verdict: 'waits', why: `${against.rule}: ${against.what}`, by: 'rules' };
}

interface Tried {
  readonly parser: Parser;
  readonly session: Session;
  readonly baseline: Baseline;
}

/** Tries it: what the live version feels decides, and where no statement of it is concerned, that is the answer. */
async function byProof(
  { parser, session, baseline }: Tried,
  sql: string,
  findings: readonly LintFinding[],
): Promise<Opinion> {
  await session.query('BEGIN');
  try {
    await session.query(sql);
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    await session.query('ROLLBACK');
    return aboutRows(refused.code)
      ? byRules(findings)
      : { verdict: 'waits', why: `it needs what waits for contract: ${refused.message}`, by: 'proof' };
  }
  const felt = await compare(parser, session, baseline, { sameRows: true });
  const worst = gravest(felt);
  // What rules alone know (a table that the corpus never names) may still be used by what was never seen.
  const drops = findings.find(
    ({ rule, level }) =>
      level === 'error' && /^(?:drop|rename|set-schema)/.test(rule) && !aboutBlocking.test(rule),
  );
  if (worst === null && drops === undefined) {
    await session.query('COMMIT');
    return { verdict: 'fine', why: null, by: 'proof' };
  }
  await session.query('ROLLBACK');
  if (worst === null) return byRules(drops === undefined ? [] : [drops]);
  const { what, prepared } = worst;
  const example = prepared.statement.text.replaceAll(/\s+/g, ' ').slice(0, 120);
  return { verdict: 'waits', why: `${what}: ${example}`, by: 'proof' };
}

const aboutRows = (code: string): boolean => code.startsWith('22') || code.startsWith('23');

/** What programs merely see differently may go first: both versions have to live with it for as long as they run side by side. */
function gravest(felt: readonly Felt[]): Felt | null {
  return (
    felt.find(({ verdict }) => verdict === 'broken') ?? felt.find(({ verdict }) => verdict === 'risk') ?? null
  );
}

function place(sql: string, changes: readonly Change[], { verdict, why, by }: Opinion): Sorted {
  if (changes.every(({ kind }) => kind === 'write'))
    return { sql, phase: verdict === 'waits' ? 'contract' : 'backfill', why, instead: null, by };
  if (verdict !== 'waits') return { sql, phase: 'expand', why: null, instead: null, by };
  const instead = changes.map(generator).find((each) => each !== null) ?? null;
  return { sql, phase: 'contract', why, instead, by };
}

/** The command that writes what a change wants so that both versions can live with it; null: waiting is enough. */
function generator(change: Change): string | null {
  switch (change.kind) {
    case 'rename':
      if (change.thing === 'column' && change.table !== null)
        return `teal db new rename-column ${change.table}.${change.name} ${change.to}`;
      return change.thing === 'table' ? `teal db new rename-table ${change.name} ${change.to}` : null;
    case 'change-type':
      return `teal db new change-type ${change.table}.${change.column} '${sayType(change.type)}'`;
    case 'set-not-null':
      return `teal db new set-not-null ${change.table}.${change.column} "<value for rows without one>"`;
    case 'add-column':
      return change.column.notNull
        ? `write it without NOT NULL, then: teal db new set-not-null ${change.table}.${change.column.name} "<value for rows without one>"`
        : null;
    case 'add-constraint':
      return constraintGenerator(change.table, change.constraint);
    case 'create-index':
      return change.unique && change.columns.length === 1 && change.plain
        ? `teal db new add-unique ${change.table}.${change.columns[0]}`
        : null;
    case 'drop-column':
      return `teal db new drop column ${change.table}.${change.column}`;
    default:
      return null;
  }
}

function constraintGenerator(
  table: string,
  { type, columns }: Extract<Change, { kind: 'add-constraint' }>['constraint'],
): string | null {
  if (columns.length !== 1) return null;
  if (type === 'unique') return `teal db new add-unique ${table}.${columns[0]}`;
  return type === 'foreign-key' ? `teal db new add-fk ${table}.${columns[0]} <table.column>` : null;
}

/** The files of a sorted migration. Undo is left to people: what takes a statement back is not always what it did. */
export function splitFiles(
  sorted: readonly Sorted[],
): Readonly<Record<'expand' | 'backfill' | 'contract', string>> {
  const file = (phase: Sorted['phase']): string => {
    const own = sorted.filter((each) => each.phase === phase);
    if (own.length === 0) return '-- Nothing to do.\n';
    return own
      .map(({ sql, why, instead }) => {
        const reasons = [why, instead === null ? null : `Instead: ${instead}`].filter(
          (each) => each !== null,
        );
        return `${reasons.map((each) => `-- ${each.replaceAll('\n', ' ')}\n`).join('')}${sql};\n`;
      })
      .join('\n');
  };
  return { expand: file('expand'), backfill: file('backfill'), contract: file('contract') };
}
