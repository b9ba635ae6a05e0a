import type { LeavingStatus } from '../../router/router.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { counted, duration } from './units.ts';

/** What `teal upgrade` has done. */
export interface Upgraded {
  readonly from: string;
  readonly to: string;
  readonly drainMs: number;
  /** Process ids. */
  readonly control: { readonly before: number; readonly now: number };
  readonly router: { readonly before: number | null; readonly now: number | null };
  readonly leaving: readonly LeavingStatus[];
  /** Requests and streams that were open at the deadline of a router that left, so far. */
  readonly cut: number;
}

export function renderUpgrade(done: Upgraded, view: View): string {
  return renderBlock(
    {
      state: done.cut > 0 ? 'warn' : 'ok',
      label: 'Upgraded',
      value: done.from === done.to ? done.to : `${done.from} → ${done.to}`,
      rows: [
        ['Control', `process ${done.control.now}`],
        ['Router', `process ${done.router.now ?? '?'}`],
        [
          'Was open',
          done.leaving.every(({ inFlight }) => inFlight === 0)
            ? 'nothing any more'
            : leavingLines(done.leaving, view).join('; '),
        ],
        [
          'Cut',
          done.cut === 0
            ? null
            : `${counted(done.cut, 'request')} or streams were still open at the deadline`,
        ],
        ['Next', 'teal status'],
      ],
    },
    view,
  );
}

/** What routers still carry that another has taken over from. */
export function leavingLines(leaving: readonly LeavingStatus[], { now }: View): readonly string[] {
  return leaving.map(({ pid, version, connections, streams, until }) => {
    const left = until > now ? `for ${duration(until - now)} at most` : 'about to end';
    const some = streams > 0 ? ` (${counted(streams, 'stream')})` : '';
    return `router ${pid} (${version}) carries ${counted(connections, 'connection')}${some}, ${left}`;
  });
}
