import type { SqlFile } from '../lint/lint.ts';
import { upPart } from '../lint/source.ts';
import type { Change } from '../sql/change.ts';
import type { Parser } from '../sql/parser.ts';
import { readStatements } from '../sql/read.ts';
import { TealError } from '../../errors.ts';
import { takeBaseline } from './baseline.ts';
import type { Corpus } from './corpus.ts';
import { insteadOf } from './instead.ts';
import { nested } from './nested.ts';
import { byProof, byRules, type Opinion } from './opinion.ts';
import { rulesPerStatement } from './rules-per-statement.ts';
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
  const ruled = rulesPerStatement(parser, text);
  const sorted: Sorted[] = [];
  const baseline =
    trying === null ? null : await takeBaseline(parser, trying.session, trying.live.statements);
  const inside = trying === null ? null : await nested(trying.session);
  try {
    for (const { start, end, changes } of statements) {
      const sql = bytes.subarray(start, end).toString().trim();
      if (changes.every(({ kind }) => steering.has(kind))) continue;
      const findings = ruled(start, sql);
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

/** CONCURRENTLY and VACUUM refuse transactions, and change nothing that statements feel but speed. */
function cannotBeTried(changes: readonly Change[]): boolean {
  return changes.some(
    (change) => ('concurrently' in change && change.concurrently) || change.kind === 'vacuum-full',
  );
}

function place(sql: string, changes: readonly Change[], { verdict, why, by }: Opinion): Sorted {
  if (changes.every(({ kind }) => kind === 'write'))
    return { sql, phase: verdict === 'waits' ? 'contract' : 'backfill', why, instead: null, by };
  if (verdict !== 'waits') return { sql, phase: 'expand', why: null, instead: null, by };
  const instead = changes.map(insteadOf).find((each) => each !== null) ?? null;
  return { sql, phase: 'contract', why, instead, by };
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
