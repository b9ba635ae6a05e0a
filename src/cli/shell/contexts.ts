import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { TealError } from '../../errors.ts';

/** Control planes by name, as `teal context` keeps them. */
export interface Contexts {
  /** What commands use when nothing else is said; null: the teal.yaml around them. */
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, SavedContext>>;
}

export interface SavedContext {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
}

/** The control plane of the teal.yaml around, as a name that can be used like the others. */
export const here = 'local';

type Env = Readonly<Record<string, string | undefined>>;

const none: Contexts = { current: null, contexts: {} };

/** Where they are kept (XDG base directories). */
function contextsFile(env: Env): string {
  const base = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || homedir(), '.config');
  return path.join(base, 'teal', 'contexts.json');
}

/** @throws TealError `usage` for a file that others can read: tokens are in it */
export function readContexts(env: Env): Contexts {
  const file = contextsFile(env);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return none;
  if ((found.mode & 0o077) !== 0)
    throw new TealError('usage', `Others can read ${file}, in which tokens are.`, {
      remedy: `chmod 600 ${file}; and have tokens that may have been seen revoked: teal token revoke`,
      details: { file },
    });
  try {
    const { current = null, contexts = {} } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Contexts>;
    return { current, contexts };
  } catch (cause) {
    throw new TealError('usage', `${file} cannot be read: ${(cause as Error).message}`, {
      remedy: 'correct it, or remove it and add the contexts again: teal context add',
      details: { file },
      cause,
    });
  }
}

/** All of it is there afterwards, or what was before; for this user alone. */
export function writeContexts(env: Env, contexts: Contexts): void {
  const file = contextsFile(env);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const written = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(written, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(written, file);
}

/** @throws TealError `usage` for a name that there is not */
export function contextNamed(name: string, { contexts }: Contexts): SavedContext {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(contexts);
  throw new TealError('usage', `There is no context ${name}.`, {
    remedy:
      names.length === 0
        ? `add it: teal context add ${name} https://…`
        : `there are: ${[...names, here].join(', ')}`,
    details: { contexts: names },
  });
}
