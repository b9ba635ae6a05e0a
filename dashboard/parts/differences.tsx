import type { ReleaseView } from '../../src/control/contract.ts';

/** In what two environments are not identical, setting by setting. */
export const Differences = ({
  differences,
  before,
  after,
}: {
  readonly differences: ReleaseView['differences'];
  readonly before: string;
  readonly after: string;
}) => (
  <table class="differences">
    <thead>
      <tr>
        <th scope="col">setting</th>
        <th scope="col">{before}</th>
        <th scope="col">{after}</th>
      </tr>
    </thead>
    <tbody>
      {differences.map(({ role, what, live, candidate }) => (
        <tr key={`${role} ${what}`}>
          <th scope="row">
            {role} {what}
          </th>
          <td>{live}</td>
          <td>{candidate}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
