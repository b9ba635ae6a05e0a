import type { ExplainResult } from '../../src/control/contract.ts';
import { Colour } from './colour.tsx';

type Rule = ExplainResult['explanation']['exposed'][number];

/** Where somebody is, by which rule, and what later steps change. */
export function Explained({ result: { explanation, later, mirrored } }: { readonly result: ExplainResult }) {
  const { routed, says, identity, exposed } = explanation;
  return (
    <div class="explained">
      <p>
        <Colour of={routed.environment} /> <strong>{routed.side}</strong>: {says}
      </p>
      <p class="faint">
        {identity === null ? 'nobody that is known' : `known by ${identity.source} as ${identity.key}`}
        {routed.bucket === null ? '' : `, bucket ${routed.bucket}`}
        {mirrored === true ? '; their requests may be copied to the candidate' : ''}
      </p>
      {exposed.length === 0 ? null : (
        <ul class="rules">
          {exposed.map((each, index) => (
            <RuleLine key={index} rule={each} />
          ))}
        </ul>
      )}
      {later.length === 0 ? null : (
        <ol class="later" aria-label="At later steps">
          {later.map(({ name, environment, side, reason }, index) => (
            <li key={index}>
              {name} <span aria-hidden="true">→</span> <Colour of={environment} />{' '}
              <span class="faint">
                {side}, {reason}
              </span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

const RuleLine = ({ rule: { rule, matched, why, parts } }: { readonly rule: Rule }) => (
  <li class={matched ? 'matched' : ''}>
    <span class="sign" aria-label={matched ? 'matches' : 'does not match'}>
      {matched ? '✓' : '·'}
    </span>{' '}
    <code>{rule}</code> <span class="faint">{why}</span>
    {parts.length === 0 ? null : (
      <ul>
        {parts.map((each, index) => (
          <RuleLine key={index} rule={each} />
        ))}
      </ul>
    )}
  </li>
);
