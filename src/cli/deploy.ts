import path from 'node:path';
import type { CommandBody, OnConflict } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import type { Client } from './client.ts';
import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export interface DeployFlags extends WaitFlags {
  readonly from?: string;
  readonly promote?: 'auto' | 'manual';
  readonly onConflict?: OnConflict;
}

/** Starts a release of a version. */
export async function deploy(
  this: Context,
  flags: DeployFlags,
  app: string,
  ...versions: readonly string[]
): Promise<Result | void> {
  const body = {
    ...versionsOf(app, versions),
    ...because(flags.reason),
    ...(flags.promote === undefined ? {} : { promote: flags.promote }),
    ...(flags.onConflict === undefined ? {} : { onConflict: flags.onConflict }),
  };
  const { from } = flags;
  const prepare = async (client: Client, leased: CommandBody): Promise<CommandBody> =>
    from === undefined ? leased : { ...leased, from: await sourceFor(client, this.cwd, from) };
  return orderRelease(this, flags, { command: 'deploy', app, body, prepare, goal: 'forward' });
}

/**
 * `v2`, or the versions of several apps of a group: `storefront=v2 api=v5`.
 * @throws TealError `usage`
 */
export function versionsOf(
  app: string,
  given: readonly string[],
): { readonly version: string } | { readonly versions: Readonly<Record<string, string>> } {
  const [first = ''] = given;
  if (given.length === 1 && !first.includes('=')) return { version: first };
  const pairs = given.map((text) => text.split('='));
  if (given.length > 0 && pairs.every(([name, version, ...more]) => name && version && more.length === 0))
    return { versions: Object.fromEntries(pairs) as Record<string, string> };
  const wrong = given.length === 0 ? 'Which version?' : `${given.join(' ')} is no version.`;
  throw new TealError('usage', wrong, {
    remedy: `teal deploy ${app} v2; of a group also: teal deploy ${app} <app>=v2 <other>=v5`,
    details: { versions: given },
  });
}

/** The control plane has another working directory; or another disk, and then the files are sent. */
async function sourceFor(client: Client, cwd: string, from: string): Promise<string> {
  if (!client.elsewhere) return from.startsWith('git:') ? from : path.resolve(cwd, from);
  const { sendSource } = await import('./shell/pack.ts');
  return await sendSource(client, from, cwd);
}
