/** Finds the program a role runs before anything is started: a shell's "not found" would come too late and say less. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { TealError } from '../../errors.ts';

/**
 * The command with its program as an absolute path: looked up on `searchPath`, or relative to `directory` when it has a slash.
 * @throws TealError `directory-not-found`, `command-not-found`
 */
export function resolveCommand(
  command: readonly string[],
  directory: string,
  searchPath: string,
): readonly string[] {
  checkDirectory(directory);
  const [program = '', ...rest] = command;
  const places = program.includes('/')
    ? [path.resolve(directory, program)]
    : searchPath
        .split(path.delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => path.resolve(directory, folder, program));
  const found = program === '' ? undefined : places.find(executable);
  if (found === undefined) throw notFound(program, places, directory);
  return [found, ...rest];
}

function checkDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new TealError('directory-not-found', `the directory ${directory} does not exist`, {
    remedy: 'Build the version into it, correct `directory` in teal.yaml, or deploy with --from.',
    details: { directory },
  });
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function notFound(program: string, places: readonly string[], directory: string): TealError {
  const [first = directory] = places;
  const there = program.includes('/') && statSync(first, { throwIfNoEntry: false }) !== undefined;
  const looked = program.includes('/') ? first : places.map((place) => path.dirname(place)).join(':');
  const says = there ? `${first} is not an executable file` : `looked for it at ${looked}`;
  return new TealError('command-not-found', `the command "${program}" was not found: ${says}`, {
    remedy: there
      ? `chmod +x ${first}`
      : 'Correct `command` in teal.yaml: a program on the PATH, or a path relative to the directory of the version.',
    details: { command: program, directory, looked: places },
  });
}
