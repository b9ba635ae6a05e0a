import { TealError } from '../../errors.ts';
import type { CommonFlags, Context } from './context.ts';
import { contextNamed, here, readContexts, type SavedContext } from './contexts.ts';
import { findConfig } from './locate.ts';
import { serverAt, type Server } from './server.ts';

/** Which control plane a command is for: that of a teal.yaml on this machine, or one elsewhere. */
export type Place =
  | { readonly kind: 'here'; readonly config: string }
  | { readonly kind: 'elsewhere'; readonly server: Server };

type Asked = Pick<Context, 'cwd' | 'env'>;

/**
 * What is named last counts most: `--server`, `--context`, `--config`, then TEAL_URL, TEAL_CONTEXT, TEAL_CONFIG, then
 * the context in use, else the nearest teal.yaml. So a flag is never overruled by what was set up long ago.
 * @throws TealError `usage`, `config-not-found`
 */
export function placeOf(flags: CommonFlags, asked: Asked): Place {
  const server = serverOf(flags, asked);
  return server === null
    ? { kind: 'here', config: findConfig(flags.config, asked) }
    : { kind: 'elsewhere', server };
}

/** Null: the one of a teal.yaml. */
export function serverOf(flags: CommonFlags, { env }: Asked): Server | null {
  const given = (['server', 'context', 'config'] as const).filter((name) => flags[name] !== undefined);
  if (given.length > 1)
    throw new TealError('usage', `--${given.join(' and --')} name two control planes.`, {
      remedy: 'give one of them',
    });
  if (flags.server !== undefined) return byAddress(flags.server, env);
  if (flags.context !== undefined) return byName(flags.context, env);
  if (flags.config !== undefined) return null;
  if (env['TEAL_URL']) return byAddress(env['TEAL_URL'], env);
  if (env['TEAL_CONTEXT']) return byName(env['TEAL_CONTEXT'], env);
  if (env['TEAL_CONFIG']) return null;
  const { current } = readContexts(env);
  return current === null ? null : byName(current, env);
}

/** What is known of an address from a context of it: its token, and its authorities. */
function byAddress(address: string, env: Asked['env']): Server {
  const plain = serverAt(address, { token: null, ca: null, context: null });
  const known = env['TEAL_TOKEN'] && env['TEAL_CA'] ? undefined : contextOf(plain.url, env);
  return serverAt(address, { ...secrets(known?.[1], env), context: known?.[0] ?? null });
}

function contextOf(url: string, env: Asked['env']): readonly [string, SavedContext] | undefined {
  return Object.entries(readContexts(env).contexts).find(([, { server }]) => server === url);
}

function byName(name: string, env: Asked['env']): Server | null {
  if (name === here) return null;
  const context = contextNamed(name, readContexts(env));
  return serverAt(context.server, { ...secrets(context, env), context: name });
}

const secrets = (context: SavedContext | undefined, env: Asked['env']): Pick<Server, 'token' | 'ca'> => ({
  token: env['TEAL_TOKEN'] || (context?.token ?? null),
  ca: env['TEAL_CA'] || (context?.ca ?? null),
});
