/** Where a value that teal.yaml names is read: the one place that does, so that every secret is written in one way. */
import { readFileSync } from 'node:fs';
import { TealError } from '../errors.ts';
import type { EnvironmentValue } from './environment-value.ts';

/**
 * The value itself.
 * @param name what it is for, as errors say it
 * @param own the environment of this process
 * @throws TealError `secret-missing`
 */
export function valueOf(name: string, value: EnvironmentValue, own: NodeJS.ProcessEnv): string {
  if (value.kind === 'plain') return value.value;
  return value.source === 'env' ? fromEnvironment(name, value.name, own) : fromFile(name, value.name);
}

function fromEnvironment(name: string, source: string, own: NodeJS.ProcessEnv): string {
  const found = own[source];
  if (found !== undefined) return found;
  throw new TealError(
    'secret-missing',
    `the secret for ${name} is missing: ${source} is not in Teal's environment`,
    {
      remedy: `Set ${source} where \`teal up\` is started, and start it again.`,
      details: { variable: name, source: 'env', name: source },
    },
  );
}

function fromFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new TealError('secret-missing', `the secret for ${name} cannot be read from ${file} (${why})`, {
      remedy: `Put the secret into ${file}, readable by the user that runs Teal.`,
      details: { variable: name, source: 'file', name: file },
      cause,
    });
  }
}
