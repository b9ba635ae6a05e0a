import type { ReleaseView } from '../../src/control/contract.ts';
import { Differences } from './differences.tsx';

/** Whether the two environments are the same but for the version. */
export function Parity({ release }: { readonly release: ReleaseView | null }) {
  if (release === null || release.from === null) return null;
  const { differences, from, version } = release;
  return (
    <details class="parity" open={differences.length > 0}>
      <summary>
        {differences.length === 0
          ? 'identical but for the version'
          : `${differences.length} settings differ from live`}
      </summary>
      {differences.length === 0 ? null : (
        <Differences differences={differences} before={from} after={version} />
      )}
    </details>
  );
}
