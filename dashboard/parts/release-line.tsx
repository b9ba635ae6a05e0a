import type { ReleaseRow } from '../../src/control/contract.ts';
import { now } from '../live/clock.ts';
import { Colour } from './colour.tsx';
import { ReleaseMore } from './release-more.tsx';
import { count, duration, moment } from './units.ts';

/** One release in the history. */
export const ReleaseLine = ({ row }: { readonly row: ReleaseRow }) => {
  const {
    id,
    version,
    from,
    colour,
    actor,
    startedAt,
    endedAt,
    outcome,
    why,
    approvals,
    verdict,
    harmed,
    differences,
  } = row;
  const people = [...new Set(approvals.map((each) => each.actor))];
  return (
    <li class={`release ${outcome.replace(' ', '-')}`}>
      <p class="title">
        <span class="outcome">{outcome}</span> <strong>{version}</strong>
        {from === null ? null : <span class="faint"> after {from}</span>} <Colour of={colour} />
        <span class="faint id">{id}</span>
      </p>
      <p class="faint">
        <time dateTime={new Date(startedAt).toISOString()}>{moment(startedAt)}</time>
        {outcome === 'running' || outcome === 'live'
          ? `, for ${duration(now.value - startedAt)}`
          : endedAt === null
            ? ''
            : `, ${duration(endedAt - startedAt)}`}{' '}
        by {actor}
        {people.length === 0 ? '' : `, approved by ${people.join(', ')}`}
        {differences.length === 0 ? '' : `, ${differences.length} settings differed`}
        {harmed === null || harmed === 0 ? null : (
          <strong class="hot"> about {count(harmed)} people harmed</strong>
        )}
      </p>
      <p class="why" title={verdict ?? why ?? ''}>
        {why ?? verdict ?? ''}
      </p>
      <ReleaseMore row={row} />
    </li>
  );
};
