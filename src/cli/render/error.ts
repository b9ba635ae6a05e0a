import type { TealError } from '../../errors.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, paint, wrap } from './paint.ts';

/** How much of a failed command's output is shown here; the full log is named beside it. */
const shownOutputLines = 20;

/** What failed, what to do, and the code: for stderr. */
export function renderError(error: TealError, view: View): string {
  const lines = [`${glyph(view, 'failed')} ${wrap(error.message, view.width, 2)}`];
  const { output, log } = error.details;
  if (typeof output === 'string' && output.trim() !== '') {
    const tail = output.trimEnd().split('\n').slice(-shownOutputLines);
    lines.push(...tail.map((line) => paint(view, 'dim', `  │ ${line}`)));
  }
  if (typeof log === 'string') lines.push(`  Full log: ${log}`);
  lines.push(`  ${wrap(error.remedy, view.width, 2)}`, paint(view, 'dim', `  code: ${error.code}`));
  return lines.join('\n');
}
