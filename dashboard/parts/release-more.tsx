import type { ReleaseRow } from '../../src/control/contract.ts';
import { Differences } from './differences.tsx';
import { moment } from './units.ts';

/** What has no room in the line of a release. */
export const ReleaseMore = ({
  row: { why, verdict, approvals, differences, stepsPassed, from, version },
}: {
  readonly row: ReleaseRow;
}) => (
  <details class="more">
    <summary>more</summary>
    <div>
      <p>{stepsPassed} steps passed.</p>
      {why === null ? null : <p>{why}</p>}
      {verdict === null ? null : <p>The judge said last: {verdict}</p>}
      {approvals.map(({ actor, at, reason }) => (
        <p key={at}>
          Approved by {actor}, {moment(at)}
          {reason === null ? '' : `: “${reason}”`}
        </p>
      ))}
      {from === null ? null : differences.length === 0 ? (
        <p class="faint">
          {from} and {version} ran identically but for the version.
        </p>
      ) : (
        <Differences differences={differences} before={from} after={version} />
      )}
    </div>
  </details>
);
