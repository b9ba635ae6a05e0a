import type { ReleaseView } from '../../src/control/contract.ts';

/** In what the two environments are not identical. */
export function Parity({ release }: { readonly release: ReleaseView | null }) {
  if (release === null || release.from === null) return null;
  const { differences } = release;
  return (
    <details class="parity" open={differences.length > 0}>
      <summary>
        {differences.length === 0
          ? 'identical but for the version'
          : `${differences.length} settings differ from live`}
      </summary>
      {differences.length === 0 ? null : (
        <table>
          <thead>
            <tr>
              <th scope="col">setting</th>
              <th scope="col">live</th>
              <th scope="col">candidate</th>
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
      )}
    </details>
  );
}
