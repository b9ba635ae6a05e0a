import type { Finding } from '../lint/lint.ts';
import type { Parser } from '../sql/parser.ts';
import { compare, type Baseline } from './baseline.ts';
import type { Felt } from './finding.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

/** Whether the versions can live with a statement at once, and who says so. */
export interface Opinion {
  readonly verdict: 'fine' | 'waits';
  readonly why: string | null;
  readonly by: 'proof' | 'rules';
}

/** Rules about locks and style do not tell in which phase something belongs. */
const aboutBlocking =
  /-blocks$|-locks$|^(?:lock-timeout|several-tables-locked|work-after-lock|mass-write|do-block|missing-grant|foreign-key-without-index|index-if-not-exists|identifier-too-long|nested-transaction|uncommitted-transaction|concurrently-in-transaction)$/;

/** What rules say against it. */
export function byRules(findings: readonly Finding[]): Opinion {
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
export async function byProof(
  { parser, session, baseline }: Tried,
  sql: string,
  findings: readonly Finding[],
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

/** Classes of SQLSTATE: data exceptions, and violated constraints. An empty copy says nothing of rows that are elsewhere. */
const aboutRows = (code: string): boolean => code.startsWith('22') || code.startsWith('23');

/** What programs merely see differently may go first: both versions have to live with it for as long as they run side by side. */
function gravest(felt: readonly Felt[]): Felt | null {
  return (
    felt.find(({ verdict }) => verdict === 'broken') ?? felt.find(({ verdict }) => verdict === 'risk') ?? null
  );
}
