import { readFileSync } from 'node:fs';
import path from 'node:path';
import { errorCodes, TealError } from '../errors.ts';
import { renderBlock } from './render/block.ts';
import type { LocalFlags, Context, Result } from './shell/context.ts';
import { findConfig } from './shell/locate.ts';

/** Checks a teal.yaml without running anything: every mistake with its place and its remedy. */
export async function configCheck(this: Context, flags: LocalFlags, given?: string): Promise<Result> {
  const file = findConfig(given ?? flags.config, this);
  const { checkConfig } = await import('../config/load.ts');
  const { formatProblem } = await import('../config/problem.ts');
  const problems = checkConfig(readFileSync(file, 'utf8'), file);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const shown = path.relative(this.cwd, file) || file;
  if (errors > 0 && !this.json) {
    this.terminal.out(problems.map((problem) => `${formatProblem(shown, problem)}\n`).join('\n'));
    throw new TealError(
      'config-invalid',
      `${shown} has ${errors === 1 ? 'one mistake' : `${errors} mistakes`}`,
      {
        remedy: 'Correct it and run again: teal config check',
        details: { file },
      },
    );
  }
  return {
    json: { file, ok: errors === 0, problems },
    text: (view) =>
      [
        ...problems.map((problem) => `${formatProblem(shown, problem)}\n`),
        renderBlock(
          {
            state: 'ok',
            label: 'Valid',
            value: shown,
            rows: [['Next', 'teal up, or teal apply where it runs']],
          },
          view,
        ),
      ].join('\n'),
    exit: errors === 0 ? 0 : errorCodes['config-invalid'].exit,
  };
}
