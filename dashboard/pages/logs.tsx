import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LogLine } from '../../src/control/contract.ts';
import type { LogsPage } from '../../src/control/dashboard/page.ts';
import { tail } from '../live/tail.ts';
import { Frame } from '../parts/frame.tsx';
import { LogRow } from '../parts/log-row.tsx';
import { Search } from '../parts/search.tsx';
import { Tick } from '../parts/tick.tsx';
import { Virtual } from '../parts/virtual.tsx';

/** More than anybody scrolls through; older ones are on disk. */
const mostLines = 10_000;
const rowPx = 22;

/** What the instances of an app print, as they print it. */
export function LogsView({ page }: { readonly page: LogsPage }) {
  const lines = useSignal<readonly LogLine[]>(page.lines.toReversed());
  const search = useSignal('');
  const follows = useSignal(true);
  const stays = follows.value;
  useEffect(() => {
    if (!stays) return undefined;
    return tail<LogLine>(`/v1/apps/${encodeURIComponent(page.app)}/logs?lines=0&follow=1`, (more) => {
      lines.value = [...more.toReversed(), ...lines.peek()].slice(0, mostLines);
    });
  }, [page.app, stays]);
  const text = search.value.toLowerCase();
  const shown =
    text === ''
      ? lines.value
      : lines.value.filter((line) => `${line.instance} ${line.line}`.toLowerCase().includes(text));
  return (
    <Frame session={page.session} app={page.app} here="logs">
      <div class="bar">
        <h1>
          Logs of <a href={`/apps/${encodeURIComponent(page.app)}`}>{page.app}</a>
        </h1>
        <Tick on={follows}>live</Tick>
        <Search words={search} label="Search what was printed" />
      </div>
      <p class="faint">Newest first.</p>
      {shown.length === 0 ? (
        <p class="empty">{lines.value.length === 0 ? 'Nothing was printed yet.' : 'No line is like that.'}</p>
      ) : (
        <Virtual items={shown} height={rowPx} label="Lines" row={(each) => <LogRow line={each} />} />
      )}
    </Frame>
  );
}
