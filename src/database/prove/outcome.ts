import { verdicts, type Verdict } from './finding.ts';
import type { Part } from './proof.ts';

/** What a proof has to come to. */
export interface Demand {
  /** The least grave verdict that is not allowed. */
  readonly failOn: Exclude<Verdict, 'unproven'>;
  /** Per cent of the calls that have to be proven. */
  readonly minCoverage: number;
}

/** Why it is no proof, in words; empty: it is one. */
export function failuresOf(parts: readonly Part[], { failOn, minCoverage }: Demand): readonly string[] {
  const worst = verdicts.indexOf(failOn);
  return parts.flatMap(({ of, schema, findings, coverage }) => {
    const who = `${of === 'live' ? 'the live version' : 'the candidate'} on the ${schema} schema`;
    const counted = findings.filter(({ verdict }) => verdicts.indexOf(verdict) <= worst);
    const share = coverage.calls === 0 ? 1 : coverage.provenCalls / coverage.calls;
    return [
      ...(counted.length > 0
        ? [
            `${who}: ${counted.length} ${counted.length === 1 ? 'finding that is' : 'findings that are'} not allowed`,
          ]
        : []),
      ...(share < minCoverage / 100
        ? [`${who}: only ${(100 * share).toFixed(1)} % of the calls are proven`]
        : []),
    ];
  });
}
