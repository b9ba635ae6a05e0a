import type { MigrationView } from '../../src/control/contract.ts';
import { count, percent } from './units.ts';

type Summary = NonNullable<MigrationView['proofs']['expand']>;

const outcomes: Readonly<Record<Summary['outcome'], string>> = {
  green: 'proven',
  red: 'refused',
  unknown: 'not proven',
  off: 'not asked for',
};

/** What trying the statements of both versions has found. */
export function Proof({
  proof,
  before,
}: {
  readonly proof: Summary;
  readonly before: 'expand' | 'contract';
}) {
  const { outcome, says, findings, statements, coverage } = proof;
  const counts: readonly (readonly [string, number])[] = [
    ['broken', proof.broken],
    ['at risk', proof.risk],
    ['clients see it', proof.clientVisible],
    ['unproven', proof.unproven],
  ];
  return (
    <details class="proof" open={outcome === 'red'}>
      <summary>
        Proof before {before} <span class={`chip ${outcome}`}>{outcomes[outcome]}</span>
      </summary>
      <p>{says}</p>
      {statements === 0 ? null : (
        <dl class="counts">
          {counts.map(([name, value]) => (
            <div key={name} class={value > 0 && name === 'broken' ? 'hot' : ''}>
              <dt>{name}</dt>
              <dd>{count(value)}</dd>
            </div>
          ))}
          <div>
            <dt>statements</dt>
            <dd>{count(statements)}</dd>
          </div>
          <div>
            <dt>of the calls</dt>
            <dd>{percent(coverage)}</dd>
          </div>
        </dl>
      )}
      {findings.length === 0 ? null : (
        <ul class="findings" aria-label={`Findings before ${before}`}>
          {findings.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      )}
    </details>
  );
}
