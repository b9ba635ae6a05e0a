import type { AccessRole } from '../config/control.ts';
import { formatDuration } from '../config/units.ts';
import type { TokenView } from '../control/contract-access.ts';
import { connectControl } from './client.ts';
import { renderBlock } from './render/block.ts';
import { renderTokens } from './render/tokens.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { tokenTexts } from './text.ts';

export interface TokenCreateFlags extends CommonFlags {
  readonly role: AccessRole;
  readonly app?: readonly string[];
  readonly expires?: number | 'never';
  readonly as?: string;
}

/** A quarter: long enough for a machine, and one that was forgotten is no danger for ever. */
const defaultExpiryMs = 90 * 24 * 3600_000;

/** Makes a token, and shows it this once. */
export async function tokenCreate(this: Context, flags: TokenCreateFlags, name: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const expires = flags.expires ?? defaultExpiryMs;
  const made = await client.createToken({
    name,
    role: flags.role,
    ...(flags.app === undefined || flags.app.length === 0 ? {} : { apps: flags.app }),
    ...(expires === 'never' ? {} : { expiresMs: expires }),
    ...(flags.as === undefined ? {} : { actor: flags.as }),
  });
  const { actor, role, apps } = made.token;
  return {
    json: made,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Token',
          value: made.secret,
          rows: [
            ['Shown', tokenTexts.once],
            ['May', `${role} of ${apps === null ? 'every app' : apps.join(', ')}, as ${actor}`],
            ['Good', expires === 'never' ? 'until it is revoked' : `for ${formatDuration(expires)}`],
            ['Next', `TEAL_TOKEN=… teal status --server <url>`],
          ],
        },
        view,
      ),
  };
}

/** Shows every token, without its secret. */
export async function tokenList(this: Context, flags: CommonFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  const tokens = await client.tokens();
  return { json: tokens, text: (view) => renderTokens(tokens, view) };
}

/** Ends one: whoever shows it is refused from now on. */
export async function tokenRevoke(this: Context, flags: CommonFlags, name: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const token: TokenView = await client.revokeToken(name);
  return {
    json: token,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Revoked',
          value: token.name,
          rows: [
            ['Was', `${token.role}, as ${token.actor}`],
            ['Next', 'teal token list'],
          ],
        },
        view,
      ),
  };
}
