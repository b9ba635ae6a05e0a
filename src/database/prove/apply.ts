import { TealError } from '../../errors.ts';
import type { Parser } from '../sql/parser.ts';
import { unseed } from './seed.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

/** One statement of a migration. */
export interface MigrationStatement {
  readonly sql: string;
  readonly begins: boolean;
}

/** The statements of a file, as psql would send them. @throws TealError `usage` */
export function statementsOf(
  parser: Parser,
  file: { path: string; text: string },
): readonly MigrationStatement[] {
  const parsed = parser.parse(file.text);
  if ('message' in parsed)
    throw new TealError('usage', `${file.path} cannot be read: ${parsed.message}`, {
      remedy: `See what and where: teal db lint ${file.path}`,
      details: { file: file.path },
    });
  const bytes = Buffer.from(file.text);
  return parsed.map(({ node, start, end }) => ({
    sql: bytes.subarray(start, end).toString().trim(),
    begins:
      'TransactionStmt' in node &&
      (node.TransactionStmt.kind === 'TRANS_STMT_BEGIN' || node.TransactionStmt.kind === 'TRANS_STMT_START'),
  }));
}

/** Whether rows of the seed are still there. */
export interface Applied {
  readonly keptSeed: boolean;
}

/**
 * Runs a migration on the shadow, statement by statement. Where the seed's synthetic rows are in its way they are taken out, and it goes
 * on from there, or from the BEGIN in front of it. @throws TealError `migration-failed`
 */
export async function apply(
  session: Session,
  statements: readonly MigrationStatement[],
  { path, seeded }: { readonly path: string; readonly seeded: readonly string[] },
): Promise<Applied> {
  let keptSeed = true;
  let begun: number | null = null;
  for (let at = 0; at < statements.length; at++) {
    const statement = statements[at];
    if (statement === undefined) break;
    if (statement.begins) begun = at;
    try {
      await session.query(statement.sql);
      if (/^(?:commit|end|rollback)\b/i.test(statement.sql)) begun = null;
    } catch (cause) {
      const refused = refusalOf(cause);
      if (refused === null) throw cause;
      await session.query('ROLLBACK');
      const aboutRows = refused.code.startsWith('22') || refused.code.startsWith('23');
      if (!aboutRows || !keptSeed || seeded.length === 0) throw failed(path, statement, cause);
      await unseed(session, seeded);
      keptSeed = false;
      at = (begun ?? at) - 1;
    }
  }
  return { keptSeed };
}

function failed(path: string, { sql }: MigrationStatement, cause: unknown): TealError {
  const why = `${cause instanceof Error ? cause.message : String(cause)}${dependents(cause)}`;
  return new TealError('migration-failed', `${path} fails on the shadow database: ${why}`, {
    remedy:
      'It would fail in production as well, unless the schema given here is not the one it is written for.',
    details: { statement: sql.slice(0, 500), why, certain: isStoodOn(cause) },
    cause,
  });
}

/** dependent_objects_still_exist: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const stillDepended = '2BP01';

/** Whether something of the schema stands on what goes: a place with less of the schema would refuse it no sooner. */
function isStoodOn(cause: unknown): boolean {
  const refused = refusalOf(cause);
  if (refused === null) return false;
  const retyped =
    refused.code === '0A000' && refused.message.startsWith('cannot alter type of a column used');
  return refused.code === stillDepended || retyped;
}

/** The names of what depends on it, which the server only gives apart from its message; of others the detail may hold values. */
function dependents(cause: unknown): string {
  if (!isStoodOn(cause) || !(cause instanceof Error) || !('detail' in cause)) return '';
  return typeof cause.detail === 'string' ? ` (${cause.detail.split('\n').join('; ')})` : '';
}
