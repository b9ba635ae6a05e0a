import type { Check } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, pad, wrap, type Glyph } from './paint.ts';

const order: readonly Check['state'][] = ['failed', 'warning', 'ok'];
const glyphs: Readonly<Record<Check['state'], Glyph>> = { failed: 'failed', warning: 'warn', ok: 'ok' };

/** What is wrong comes first, each with what to do about it. */
export function renderChecks(checks: readonly Check[], view: View): string {
  const names = Math.max(...checks.map(({ name }) => name.length), 0) + 2;
  const sorted = checks.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const lines = sorted.flatMap((check) => {
    const line = `${glyph(view, glyphs[check.state])} ${pad(check.name, names)}${wrap(check.says, view.width, names + 2)}`;
    const remedy =
      check.remedy === null ? [] : [`${' '.repeat(names + 2)}→ ${wrap(check.remedy, view.width, names + 4)}`];
    return [line, ...remedy];
  });
  const bad = checks.filter(({ state }) => state === 'failed').length;
  const next =
    sorted.find(({ state, remedy }) => state === 'failed' && remedy !== null)?.remedy ?? 'teal status';
  return [
    ...lines,
    '',
    `${bad === 0 ? 'Nothing is wrong.' : `${bad} of ${checks.length} checks failed.`} Next: ${next}`,
  ].join('\n');
}
