import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { TealError } from '../errors.ts';
import { build } from './build.ts';
import { check } from './check.ts';
import type { Config } from './config.ts';
import { formatProblem, type Problem } from './problem.ts';

// More would scroll the first ones, from which the others often follow, off the screen.
const mostShown = 50;

/**
 * Reads and checks a teal.yaml.
 * @throws TealError `config-not-found`, `config-invalid` with every problem in its message
 */
export async function loadConfig(file: string): Promise<Config> {
  return parseConfig(await readText(file), file);
}

/**
 * The typed form of a text; relative paths in it start from the folder of `file`.
 * @throws TealError `config-invalid` with every problem in its message and in `details.problems`
 */
export function parseConfig(text: string, file: string): Config {
  const { input, problems, pages } = check(text, dirname(resolve(file)));
  if (input === null) throw invalid(file, problems);
  return build(input, file, pages);
}

/** Every problem of a text, in the order of its lines; also warnings, which do not refuse it. */
export function checkConfig(text: string, file: string): readonly Problem[] {
  return check(text, dirname(resolve(file))).problems;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const details = { file: resolve(file), code };
    if (code === 'ENOENT') {
      throw new TealError('config-not-found', `no ${basename(file)} here: looked for ${resolve(file)}`, {
        remedy: 'go to the folder of your app, name the file with --config, or write a first one: teal init',
        details,
        cause,
      });
    }
    throw new TealError('config-not-found', `${resolve(file)} cannot be read (${code})`, {
      remedy: 'it has to be a file that the user who runs teal may read',
      details,
      cause,
    });
  }
}

function invalid(file: string, problems: readonly Problem[]): TealError {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const shown = errors.slice(0, mostShown).map((problem) => formatProblem(file, problem));
  if (errors.length > mostShown) shown.push(`… and ${errors.length - mostShown} more`);
  const mistakes = errors.length === 1 ? 'one mistake' : `${errors.length} mistakes`;
  return new TealError('config-invalid', `${file} has ${mistakes}\n\n${shown.join('\n\n')}`, {
    remedy: 'correct it and run: teal config check',
    details: { file, problems },
  });
}
