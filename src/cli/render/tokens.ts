import type { TokenView } from '../../control/contract-access.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, pad, paint, wrap } from './paint.ts';
import { clock } from './units.ts';

/** One line for each, those in force first. */
export function renderTokens(tokens: readonly TokenView[], view: View): string {
  if (tokens.length === 0) return 'There are no tokens. Make one: teal token create ci --role deployer';
  const order = ['in force', 'expired', 'revoked'];
  const sorted = tokens.toSorted(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name),
  );
  const names = Math.max(...tokens.map(({ name }) => name.length)) + 2;
  return sorted
    .flatMap((token) => {
      const state = glyph(view, token.state === 'in force' ? 'ok' : 'warn');
      const head = `${state} ${pad(token.name, names)}${wrap(mayDo(token), view.width, names + 2)}`;
      return [
        head,
        paint(view, 'dim', `${' '.repeat(names + 2)}${wrap(times(token, view), view.width, names + 2)}`),
      ];
    })
    .join('\n');
}

function mayDo({ role, apps, actor, kind, state }: TokenView): string {
  const which = apps === null ? 'every app' : apps.join(', ');
  const what = kind === 'token' ? '' : `  (${kind})`;
  return `${role} of ${which}, as ${actor}${what}${state === 'in force' ? '' : `  ${state}`}`;
}

function times({ id, madeBy, expiresAt, lastUsedAt, lastFrom }: TokenView, { now }: View): string {
  const used =
    lastUsedAt === null
      ? 'never used'
      : `used ${clock(lastUsedAt, now)}${lastFrom === null ? '' : ` from ${lastFrom}`}`;
  const until = expiresAt === null ? 'does not expire' : `until ${clock(expiresAt, now)}`;
  return `${id}  by ${madeBy}  ${used}  ${until}`;
}
