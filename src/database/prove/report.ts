import type { Baseline } from './baseline.ts';
import type { Statement } from './corpus.ts';
import { verdicts, type Channel, type Felt, type Verdict } from './finding.ts';
import type { Unprovable } from './prepare.ts';

/** A statement as a report names it. */
interface Told {
  readonly text: string;
  readonly calls: number;
  readonly role: string | null;
}

/** The same thing that statements will feel. */
export interface Finding {
  readonly verdict: Exclude<Verdict, 'unproven'>;
  readonly channel: Channel;
  readonly what: string;
  /** Counts rows that are in the way. */
  readonly check: string | null;
  /** These statements would read what only a newer version writes, and their own has never met. */
  readonly unheard: boolean;
  /** How many it has counted, in the database itself; null: nobody has asked. */
  readonly rows: number | null;
  /** Most called first. */
  readonly statements: readonly Told[];
}

export interface Unproven extends Told {
  readonly why: string;
}

export interface Coverage {
  /** Statements about the schema, and those of them that could be asked. */
  readonly statements: number;
  readonly proven: number;
  readonly calls: number;
  readonly provenCalls: number;
  /** Of those proven, how many were also run with synthetic values. */
  readonly run: number;
  /** Statements that name nothing of the schema. */
  readonly beside: number;
}

/**
 * @param failing statements that could not be asked because they name what is not there, which says enough
 * @param unasked statements that could be asked before the change, and not after it
 */
export function coverageOf(
  baseline: Baseline,
  failing: ReadonlySet<Statement>,
  unasked: readonly Felt[],
): Coverage {
  const open = baseline.unprovable.filter(({ statement }) => !failing.has(statement));
  const calls = (all: readonly { readonly statement: Statement }[]): number =>
    all.reduce((sum, { statement }) => sum + statement.calls, 0);
  const all = [...baseline.prepared, ...baseline.unprovable];
  const unproven = [...open, ...unasked.map(({ prepared }) => prepared)];
  return {
    statements: all.length,
    proven: all.length - unproven.length,
    calls: calls(all),
    provenCalls: calls(all) - calls(unproven),
    run: [...baseline.observations.values()].filter(({ trial }) => trial !== null).length,
    beside: baseline.beside.length,
  };
}

/** By verdict, gravest first; statements that feel the same are told together. */
export function findingsOf(felt: readonly Felt[], failing: readonly Unprovable[]): readonly Finding[] {
  const groups = new Map<string, Finding>();
  const add = (finding: Omit<Finding, 'statements' | 'rows'>, { text, calls, role }: Statement): void => {
    const key = JSON.stringify([finding.verdict, finding.what]);
    const before = groups.get(key)?.statements ?? [];
    if (before.some((each) => each.text === text && each.role === role)) return;
    groups.set(key, { ...finding, rows: null, statements: [...before, { text, calls, role }] });
  };
  for (const { statement, refused } of failing)
    add(
      {
        verdict: 'broken',
        channel: 'parse',
        what: `${refused.message} (${refused.code}), which the expanded schema does not have`,
        check: null,
        unheard: false,
      },
      statement,
    );
  for (const { prepared, verdict, channel, what, check, unheard = false } of felt)
    if (verdict !== 'unproven') add({ verdict, channel, what, check, unheard }, prepared.statement);
  return [...groups.values()]
    .map((finding) => ({
      ...finding,
      statements: finding.statements.toSorted((one, other) => other.calls - one.calls),
    }))
    .toSorted((one, other) => verdicts.indexOf(one.verdict) - verdicts.indexOf(other.verdict));
}
