import path from 'node:path';
import { renderBlock } from './render/block.ts';
import type { Context, LocalFlags, Result } from './shell/context.ts';
import { contextNamed, here, readContexts, writeContexts, type SavedContext } from './shell/contexts.ts';
import { serverAt } from './shell/server.ts';
import { TealError } from '../errors.ts';

export interface ContextAddFlags extends LocalFlags {
  readonly ca?: string;
}

interface Shown {
  readonly name: string;
  readonly server: string | null;
  readonly current: boolean;
  readonly signedIn: boolean;
}

/** Shows the control planes that are known by name. */
export async function contextList(this: Context, _flags: LocalFlags): Promise<Result> {
  const { current, contexts } = readContexts(this.env);
  const shown: readonly Shown[] = [
    { name: here, server: null, current: current === null || current === here, signedIn: true },
    ...Object.entries(contexts).map(([name, { server, token }]) => ({
      name,
      server,
      current: current === name,
      signedIn: token !== undefined,
    })),
  ];
  return {
    json: shown,
    text: () =>
      shown
        .map(({ name, server, current: used, signedIn }) => {
          const what = server ?? 'the teal.yaml around you';
          return `${used ? '*' : ' '} ${name.padEnd(16)} ${what}${signedIn ? '' : '  (teal login)'}`;
        })
        .join('\n'),
  };
}

/** Has commands go to this one from now on. */
export async function contextUse(this: Context, _flags: LocalFlags, name: string): Promise<Result> {
  const all = readContexts(this.env);
  const server = name === here ? null : contextNamed(name, all).server;
  writeContexts(this.env, { ...all, current: name === here ? null : name });
  return done('Using', name, { name, server }, 'teal status');
}

/** Gives the address of a control plane a name. */
export async function contextAdd(
  this: Context,
  flags: ContextAddFlags,
  name: string,
  address: string,
): Promise<Result> {
  if (name === here || !/^[A-Za-z0-9][\w.-]{0,63}$/.test(name))
    throw new TealError('usage', `${name} cannot be the name of a context.`, {
      remedy: 'letters, digits, dots, dashes and underscores, at most 64; and not local',
    });
  const { url } = serverAt(address, { token: null, ca: null, context: name });
  const all = readContexts(this.env);
  const ca = flags.ca === undefined ? {} : { ca: path.resolve(this.cwd, flags.ca) };
  // A token is for the server that gave it: it does not go along to another.
  const before = Object.hasOwn(all.contexts, name) ? all.contexts[name] : undefined;
  const token = before?.server === url && before.token !== undefined ? { token: before.token } : {};
  const saved: SavedContext = { server: url, ...ca, ...token };
  writeContexts(this.env, { ...all, contexts: { ...all.contexts, [name]: saved } });
  return done('Added', name, { name, server: url }, `teal login --context ${name}`);
}

/** Forgets it, its token included. */
export async function contextRemove(this: Context, _flags: LocalFlags, name: string): Promise<Result> {
  const all = readContexts(this.env);
  const { server } = contextNamed(name, all);
  const { [name]: _, ...contexts } = all.contexts;
  writeContexts(this.env, { current: all.current === name ? null : all.current, contexts });
  return done('Removed', name, { name, server }, 'teal context list');
}

function done(label: string, name: string, json: Omit<Shown, 'current' | 'signedIn'>, next: string): Result {
  return {
    json,
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label,
          value: name,
          rows: [
            ['Server', json.server],
            ['Next', next],
          ],
        },
        view,
      ),
  };
}
