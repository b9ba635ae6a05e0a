import type { Status } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { flow, glyph, paint, wrap } from './paint.ts';
import { leavingLines } from './upgrade.ts';

/** Teal itself: which version controls, which carries the traffic, and how far an upgrade is. */
export function renderSelf(status: Status, view: View): string {
  const { router, upgrade = null } = status;
  const pieces = [
    `teal ${status.version}`,
    `process ${status.pid}`,
    ...(router === null ? [] : [`router ${router.version ?? 'of an older Teal'}`, `process ${router.pid}`]),
  ];
  const lines = [`  ${paint(view, 'dim', flow(pieces, '  ', { width: view.width - 2, indent: 2 }))}`];
  const say = (kind: 'going' | 'failed', text: string): void => {
    lines.push(`${glyph(view, kind)} ${wrap(text, view.width, 2)}`);
  };
  if (upgrade?.state === 'routers' || upgrade?.state === 'control') {
    say('going', `Being upgraded${upgrade.to === null ? '' : ` to ${upgrade.to}`}: ${upgrade.state}`);
  }
  if (upgrade?.state === 'failed')
    say('failed', `The upgrade failed: ${upgrade.error?.message ?? 'no reason given'}`);
  for (const line of leavingLines(router?.leaving ?? [], view)) say('going', line);
  return lines.join('\n');
}
