import type { AppStatus, CommandName } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { commandLabels } from '../text.ts';
import { renderBlock } from './block.ts';
import { inColour, renderApp } from './status.ts';

export interface GroupDone {
  readonly command: CommandName;
  readonly group: string;
  /** In the order of teal.yaml; `did` is null when it was waited for. */
  readonly apps: readonly { readonly app: AppStatus; readonly did: string | null }[];
  readonly complete: boolean;
}

/** What a command did to the apps of a group, and what to type next. */
export function renderGroupDone({ command, group, apps, complete }: GroupDone, view: View): string {
  const release = apps[0]?.app.release ?? null;
  const going = release?.ended === false && !complete;
  const undone = ['rollback', 'abort', 'reject'].includes(command) || release?.ended !== false;
  return renderBlock(
    {
      state: going ? 'going' : 'ok',
      label: commandLabels[command][complete ? 1 : 0],
      value: [group, ...(release?.group == null ? [] : [release.group.id])].join('  '),
      rows: [
        ...apps.map(({ app, did }) => [app.app, did ?? where(app, view)] as const),
        ['Undo', undone ? null : `teal rollback ${group}`],
        ['Next', apps[0]?.app.next ?? `teal status ${group}`],
      ],
    },
    view,
  );
}

function where({ live, version, release }: AppStatus, view: View): string {
  if (live === null) return 'nothing is live';
  const from = release?.from ?? null;
  const was = from === null || from === version ? '' : ` (was ${from})`;
  return `100 % ${inColour(view, live)} ${version ?? ''}${was}`;
}

/** The apps of a group, one below the other. */
export const renderGroup = (group: string, apps: readonly AppStatus[], view: View): string =>
  [`Group ${group}: released together`, ...apps.map((app) => renderApp(app, view))].join('\n\n');
