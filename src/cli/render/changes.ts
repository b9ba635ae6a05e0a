import type { ApplyResult, ConfigChange } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { paint } from './paint.ts';

/** Each change of teal.yaml with when it takes effect, and whether it has been put in force. */
export function renderChanges(result: ApplyResult, view: View): string {
  const { changes, applied } = result;
  const later = changes.some(({ effect }) => effect === 'next release');
  const [app] = changes.map((change) => change.app);
  const next = later && app !== undefined ? `teal deploy ${app} <version>` : 'teal status';
  const value =
    changes.length === 0
      ? 'nothing has changed'
      : `${changes.length} change${changes.length === 1 ? '' : 's'}`;
  const head = renderBlock(
    {
      state: applied || changes.length === 0 ? 'ok' : 'warn',
      label: applied ? 'Applied' : changes.length === 0 ? 'Unchanged' : 'Not applied',
      value,
      rows: [],
    },
    view,
  );
  const lines = changes.flatMap((change) => renderChange(change, view));
  const tail = applied || changes.length === 0 ? next : 'teal apply';
  return [head, ...lines, `  ${paint(view, 'dim', 'Next')}            ${tail}`].join('\n');
}

function renderChange({ app, path, before, after, effect }: ConfigChange, view: View): string[] {
  const lines = [`  ${paint(view, 'bold', app)}  ${path}  ${paint(view, 'dim', `(${effect})`)}`];
  if (before !== null) lines.push(`    ${paint(view, 'red', `- ${before}`)}`);
  if (after !== null) lines.push(`    ${paint(view, 'green', `+ ${after}`)}`);
  return lines;
}
