/** A proof in the few words and numbers that events, status and dashboard have room for: pure. */
import type { ProofPolicy } from '../../config/database.ts';
import type { Verdict } from '../../database/prove/finding.ts';
import { failuresOf } from '../../database/prove/outcome.ts';
import type { Part } from '../../database/prove/proof.ts';
import type { Finding } from '../../database/prove/report.ts';
import type { ProofSummary } from '../../release/state.ts';

/** More nobody reads in an event; `teal db prove` has all. */
const mostFindings = 5;
const longestStatement = 120;

const nothing: ProofSummary = {
  outcome: 'off',
  says: 'nothing was tried: proof is off',
  statements: 0,
  coverage: null,
  broken: 0,
  risk: 0,
  clientVisible: 0,
  unproven: 0,
  findings: [],
  unsafe: null,
};

export const off = nothing;

export const nobodyThere: ProofSummary = {
  ...nothing,
  outcome: 'green',
  says: 'no version is live, so there is none that it could harm',
};

/** @param why in words */
export const unknown = (why: string): ProofSummary => ({
  ...nothing,
  outcome: 'unknown',
  says: `whether what runs gets along with it is not known: ${why}`,
});

export interface Proven {
  readonly parts: readonly Part[];
  /** What is not as in production, or not known. */
  readonly notes: readonly string[];
  /** Those that the release has said already. */
  readonly known: readonly string[];
  readonly policy: ProofPolicy;
  /** Whose statements they are. */
  readonly who: string;
}

export function summary({ parts, notes, known, policy, who }: Proven): ProofSummary {
  const findings = parts.flatMap((part) => part.findings);
  const sum = (of: (part: Part) => number): number => parts.reduce((all, each) => all + of(each), 0);
  const [calls, proven] = [
    sum(({ coverage }) => coverage.calls),
    sum(({ coverage }) => coverage.provenCalls),
  ];
  const count = (wanted: Verdict): number => findings.filter(({ verdict }) => verdict === wanted).length;
  const fails = failuresOf(parts, policy);
  const statements = sum(({ coverage }) => coverage.statements);
  const share = calls === 0 ? 1 : proven / calls;
  const told = `${sum(({ coverage }) => coverage.proven)} of ${statements} statements of ${who} were tried (${percent(share)} of the calls)`;
  const [first] = findings;
  const but =
    fails.length === 0 ? 'they get along with it' : first === undefined ? fails.join('; ') : sentence(first);
  const news = notes.filter((note) => !known.includes(note));
  const lost = news.length === 0 ? '' : `. ${news.join('. ')}`;
  const unheard = findings.find((each) => each.unheard);
  return {
    outcome: fails.length === 0 ? 'green' : 'red',
    says: `${told}: ${but}${lost}`,
    statements,
    coverage: share,
    broken: count('broken'),
    risk: count('risk'),
    clientVisible: count('client-visible'),
    unproven: sum((part) => part.unproven.length),
    findings: findings.slice(0, mostFindings).map(sentence),
    ...(notes.length === 0 ? {} : { notes }),
    unsafe: unheard === undefined ? null : `${who} would read what it has never met: ${unheard.what}`,
  };
}

/** Never 100 % while something is missing. */
const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`;

const verdictWords: Readonly<Record<Finding['verdict'], string>> = {
  broken: 'BROKEN',
  risk: 'RISK',
  'client-visible': 'CLIENT-VISIBLE',
};

function sentence({ verdict, what, rows, statements }: Finding): string {
  const [first] = statements;
  const text = first?.text.replaceAll(/\s+/g, ' ').trim() ?? '';
  const shown = text.length > longestStatement ? `${text.slice(0, longestStatement - 1)}…` : text;
  const more = statements.length > 1 ? `, and ${statements.length - 1} more` : '';
  const there = rows === null ? '' : ` (${rows} rows are in the way now)`;
  return `${verdictWords[verdict]} ${what}${there}: ${shown}${more}`;
}
