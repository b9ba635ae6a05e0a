import path from 'node:path';
import { version } from '../config/version.ts';
import { debts } from '../features/code/grace.ts';
import { readProject } from '../features/code/project.ts';
import { findReferences, type Reference } from '../features/code/references.ts';
import { githubAnnotations, sarif } from '../features/code/report.ts';
import { isFinished } from '../features/code/grace.ts';
import { renderDebts } from './render/flags.ts';
import type { Context, Result } from './shell/context.ts';
import { flagStates, namesIn, type StateFlags } from './shell/flag-states.ts';

export interface FlagsCheckFlags extends StateFlags {
  readonly calls?: string;
  readonly format?: 'text' | 'github' | 'sarif';
}

/** Says which flags of ended releases are still in the code; fails when one is past its grace time. */
export async function flagsCheck(this: Context, flags: FlagsCheckFlags, given?: string): Promise<Result> {
  const states = await flagStates(this, flags);
  const { texts, packages } = await readProject(path.resolve(this.cwd, given ?? '.'));
  const references = new Map<string, readonly Reference[]>();
  for (const { flag } of states.filter(isFinished))
    references.set(flag, await findReferences(texts, flag, { calls: namesIn(flags.calls), packages }));
  const now = this.terminal.view.now;
  const found = debts(states, references, now);
  return {
    json: flags.format === 'sarif' ? sarif(found, version) : { flags: states.length, debts: found },
    text: (view) => {
      if (flags.format === 'sarif') return JSON.stringify(sarif(found, version), null, 2);
      return flags.format === 'github' ? githubAnnotations(found) : renderDebts(found, states.length, view);
    },
    exit: found.some(({ overdue }) => overdue) ? 1 : 0,
  };
}
