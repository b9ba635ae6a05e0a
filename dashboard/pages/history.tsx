import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ReleaseRow } from '../../src/control/contract.ts';
import type { HistoryPage } from '../../src/control/dashboard/page.ts';
import { look } from '../live/ask.ts';
import { atEnd } from '../live/at-end.ts';
import { follow } from '../live/stream.ts';
import { Frame } from '../parts/frame.tsx';
import { ReleaseLine } from '../parts/release-line.tsx';
import { Virtual } from '../parts/virtual.tsx';

const pageRows = 100;
const rowPx = 92;

/** The releases of an app: how each ended, and why. */
export function HistoryView({ page }: { readonly page: HistoryPage }) {
  const rows = useSignal<readonly ReleaseRow[]>(page.releases);
  const path = `/v1/apps/${encodeURIComponent(page.app)}/releases`;
  useEffect(() => {
    const more = atEnd(async () => {
      const before = rows.peek().at(-1)?.seq;
      if (before === undefined) return false;
      const found = await look<readonly ReleaseRow[]>(`${path}?limit=${pageRows}&before=${before}`);
      if (found !== null) rows.value = [...rows.peek(), ...found];
      return found === null || found.length > 0;
    });
    const end = follow(page.app, async () => {
      const newest = await look<readonly ReleaseRow[]>(`${path}?limit=10`);
      const last = newest?.at(-1)?.seq;
      if (newest !== null && last !== undefined)
        rows.value = [...newest, ...rows.peek().filter(({ seq }) => seq < last)];
    });
    return () => {
      end();
      more();
    };
  }, [page.app]);
  return (
    <Frame session={page.session} app={page.app} here="history">
      <div class="bar">
        <h1>
          Releases of <a href={`/apps/${encodeURIComponent(page.app)}`}>{page.app}</a>
        </h1>
      </div>
      {rows.value.length === 0 ? (
        <p class="empty">Nothing was released yet.</p>
      ) : (
        <Virtual
          items={rows.value}
          height={rowPx}
          label="Releases"
          row={(each) => <ReleaseLine key={each.seq} row={each} />}
        />
      )}
    </Frame>
  );
}
