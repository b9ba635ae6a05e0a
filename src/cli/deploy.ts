import path from 'node:path';
import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export interface DeployFlags extends WaitFlags {
  readonly from?: string;
  readonly promote?: 'auto' | 'manual';
  readonly onConflict?: 'refuse' | 'queue' | 'supersede';
}

/** Starts a release of a version. */
export async function deploy(
  this: Context,
  flags: DeployFlags,
  app: string,
  version: string,
): Promise<Result | void> {
  const body = {
    version,
    ...because(flags.reason),
    ...(flags.from === undefined ? {} : { from: absolute(this.cwd, flags.from) }),
    ...(flags.promote === undefined ? {} : { promote: flags.promote }),
    ...(flags.onConflict === undefined ? {} : { onConflict: flags.onConflict }),
  };
  return orderRelease(this, flags, { command: 'deploy', app, body, goal: 'forward' });
}

/** The control plane has another working directory. */
function absolute(cwd: string, from: string): string {
  return from.startsWith('git:') ? from : path.resolve(cwd, from);
}
