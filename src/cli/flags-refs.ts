import path from 'node:path';
import { discoverFlags } from '../features/code/discover.ts';
import { readProject } from '../features/code/project.ts';
import { findReferences } from '../features/code/references.ts';
import { renderReferences, type Found } from './render/flags.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { namesIn } from './shell/flag-states.ts';

export interface FlagsRefsFlags extends CommonFlags {
  readonly flag?: string;
  readonly calls?: string;
}

/** Finds where flags are used in code: one, or every one that the code asks for. */
export async function flagsRefs(this: Context, flags: FlagsRefsFlags, given?: string): Promise<Result> {
  const { texts, packages } = await readProject(path.resolve(this.cwd, given ?? '.'));
  const calls = namesIn(flags.calls);
  const names = flags.flag === undefined ? await discoverFlags(texts, calls) : [flags.flag];
  const found: Found[] = [];
  for (const flag of names)
    found.push({ flag, references: await findReferences(texts, flag, { calls, packages }) });
  return { json: found, text: (view) => renderReferences(found, view) };
}
