import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../errors.ts';
import { renderBlock } from './render/block.ts';
import type { LocalFlags, Context, Result } from './shell/context.ts';

export interface InitFlags extends LocalFlags {
  readonly app?: string;
  readonly command?: string;
}

/** Writes a first teal.yaml; never over one that is there. */
export async function init(this: Context, flags: InitFlags): Promise<Result> {
  const file = path.resolve(this.cwd, flags.config ?? 'teal.yaml');
  const found = detect(path.dirname(file));
  const app = flags.app ?? found.app;
  if (appName(app) !== app) throw unusable(app);
  const { exampleConfig } = await import('../config/example.ts');
  const text = exampleConfig({ app, command: flags.command ?? found.command });
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyThere(file) : cannotWrite(file, error);
  }
  const shown = path.relative(this.cwd, file) || file;
  return {
    json: { file, app, command: flags.command ?? found.command },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Written',
          value: shown,
          rows: [
            ['App', app],
            ['Command', flags.command ?? `${found.command} (${origin(found)})`],
            ['Next', 'read it, then: teal up'],
          ],
        },
        view,
      ),
  };
}

const origin = ({ from }: Detected): string => (from === null ? 'a guess: correct it' : `from ${from}`);

interface Detected {
  readonly app: string;
  readonly command: string;
  /** Where the command was found. */
  readonly from: string | null;
}

/** What package.json tells; else the directory's name, and a command that has to be changed. */
function detect(directory: string): Detected {
  const named = appName(path.basename(directory));
  const file = path.join(directory, 'package.json');
  if (!existsSync(file)) return { app: named, command: 'node server.js', from: null };
  const pkg = readPackage(file);
  const app = typeof pkg.name === 'string' ? appName(pkg.name) : named;
  const start = pkg.scripts?.['start'];
  // Run as it is where it can be: npm between Teal and the app would take the stop signal for itself.
  if (typeof start === 'string' && /^node [\w./ =-]+$/.test(start))
    return { app, command: start, from: 'package.json' };
  if (typeof start === 'string') return { app, command: 'npm start', from: 'package.json' };
  const main = typeof pkg.main === 'string' ? pkg.main : 'server.js';
  return { app, command: `node ${main}`, from: typeof pkg.main === 'string' ? 'package.json' : null };
}

interface PackageJson {
  readonly name?: unknown;
  readonly main?: unknown;
  readonly scripts?: Readonly<Record<string, unknown>>;
}

function readPackage(file: string): PackageJson {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // A broken package.json is not what this command is about.
    return {};
  }
}

/** `@acme/My Shop` → `my-shop`: what teal.yaml takes as a name. */
function appName(text: string): string {
  const name = text
    .replace(/^@[^/]*\//, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  return name === '' ? 'app' : name;
}

function unusable(app: string): TealError {
  return new TealError('usage', `An app cannot be called ${JSON.stringify(app)}`, {
    remedy: `Use a-z, 0-9 and single dashes, beginning with a letter: teal init --app ${appName(app)}`,
  });
}

function alreadyThere(file: string): TealError {
  return new TealError('config-exists', `${file} is already there and stays as it is`, {
    remedy: 'Edit it, or write another one: teal init --config other.yaml',
    details: { file },
  });
}

function cannotWrite(file: string, cause: unknown): TealError {
  return new TealError('config-not-found', `${file} cannot be written: ${(cause as Error).message}`, {
    remedy: 'Go to a directory you may write in.',
    details: { file },
    cause,
  });
}
