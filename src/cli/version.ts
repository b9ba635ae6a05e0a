import { version as own } from '../config/version.ts';
import { ownProgram } from '../router/embedded/spawn.ts';
import type { LocalFlags, Context, Result } from './shell/context.ts';

/** Prints which Teal this is, and what it runs on. A Teal that shall be replaced by this one asks it where its router is. */
export async function version(this: Context, _flags: LocalFlags): Promise<Result> {
  const facts = { version: own, node: process.versions.node, router: ownProgram().entry };
  return { json: facts, text: () => `teal ${own} (node ${facts.node})` };
}
