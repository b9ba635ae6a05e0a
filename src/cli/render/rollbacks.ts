import type { RollbackResult } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { commandLabels } from '../text.ts';
import { renderBlock, type Row } from './block.ts';
import { glyph } from './paint.ts';
import { inColour } from './status.ts';

type One = RollbackResult['apps'][number];

/** What `teal rollback --all` did to each app, and why some stay. */
export function renderRollbacks(apps: readonly One[], complete: boolean, view: View): string {
  const back = apps.filter(({ error }) => error === null);
  return renderBlock(
    {
      state: back.length === 0 ? 'failed' : complete ? 'ok' : 'going',
      label: back.length === 0 ? 'Not rolled back' : commandLabels.rollback[complete ? 1 : 0],
      value: `${back.length} of ${apps.length} apps`,
      rows: [...apps.map((one) => row(one, complete, view)), ['Next', 'teal status']],
    },
    view,
  );
}

function row({ app, did, note, error }: One, complete: boolean, view: View): Row {
  if (error !== null)
    return [app.app, error.code === 'nothing-to-roll-back-to' ? `stays: ${error.message}` : error.message];
  const { live } = app;
  const now = live === null ? 'nothing is live' : `100 % ${inColour(view, live)} ${app.version ?? ''}`;
  return [
    app.app,
    complete ? [now, ...(note ? [`${glyph(view, 'warn')} ${note}`] : [])].join('\n') : `${now}  (${did})`,
  ];
}
