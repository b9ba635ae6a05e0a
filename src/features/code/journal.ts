import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { TealError } from '../../errors.ts';

const run = promisify(execFile);

/** A file before and after a removal. */
export interface Rewrite {
  /** Relative to the folder. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

const entrySchema = v.object({ file: v.string(), before: v.string(), after: v.string() });
const journalSchema = v.object({
  version: v.literal(1),
  pid: v.number(),
  folder: v.string(),
  files: v.array(entrySchema),
});

/**
 * What a removal is about to change, written down before it changes anything: whoever comes next, after a crash or a power cut, can put the
 * files back. It lies in git's own folder, where no build looks; without git beside the files.
 */
export class Journal {
  readonly #place: string;
  readonly #folder: string;
  readonly #files: readonly Rewrite[];

  private constructor(place: string, folder: string, files: readonly Rewrite[]) {
    this.#place = place;
    this.#folder = folder;
    this.#files = files;
  }

  /** Writes the journal. @throws TealError `removal-refused` when another removal is under way in this folder */
  static async begin(folder: string, files: readonly Rewrite[]): Promise<Journal> {
    const place = await placeFor(folder);
    const text = JSON.stringify({ version: 1, pid: process.pid, folder: path.resolve(folder), files });
    const draft = await writeDraft(place, text);
    try {
      // Unlike a rename, it takes nobody's place; unlike writing there, it is whole from the first.
      await link(draft, place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw await underWay(place);
    } finally {
      await rm(draft, { force: true });
    }
    return new Journal(place, folder, files);
  }

  /** Puts the new texts in place, each file as a whole. */
  async apply(): Promise<void> {
    for (const { file, after } of this.#files) await writeWhole(path.join(this.#folder, file), after);
  }

  /** Puts every file back as it was, whatever was done to it since. */
  async restore(): Promise<void> {
    for (const { file, before } of this.#files) await writeWhole(path.join(this.#folder, file), before);
    await this.end();
  }

  /** What was changed stays. */
  async end(): Promise<void> {
    await rm(this.#place, { force: true });
  }
}

/** What was found of a removal that never ended. */
export interface Recovery {
  readonly restored: readonly string[];
  /** Changed by somebody else since: left alone. */
  readonly kept: readonly string[];
}

/**
 * Puts back what a removal left behind that ended in its middle; null when there is none.
 * @throws TealError `removal-refused` when it is still running, or what it wrote down cannot be read
 */
export async function recover(folder: string): Promise<Recovery | null> {
  const place = await placeFor(folder);
  const text = await readFile(place, 'utf8').catch(() => null);
  if (text === null) return null;
  const journal = v.safeParse(journalSchema, parsed(text));
  if (!journal.success) {
    throw new TealError('removal-refused', `An earlier removal left ${place}, which cannot be read`, {
      remedy: `Look at your files (git diff), then delete it: rm ${place}`,
      details: { journal: place },
    });
  }
  const { pid, files, folder: written } = journal.output;
  if (pid !== process.pid && isAlive(pid)) throw await underWay(place);
  const restored: string[] = [];
  const kept: string[] = [];
  for (const { file, before, after } of files) {
    const found = await readFile(path.join(written, file), 'utf8').catch(() => null);
    if (found === before) continue;
    if (found === after) {
      await writeWhole(path.join(written, file), before);
      restored.push(file);
    } else kept.push(file);
  }
  await rm(place, { force: true });
  return { restored, kept };
}

async function underWay(place: string): Promise<TealError> {
  const journal = v.safeParse(journalSchema, parsed(await readFile(place, 'utf8').catch(() => '')));
  const pid = journal.success ? journal.output.pid : null;
  const who = pid === null ? '' : ` (process ${pid})`;
  return new TealError('removal-refused', `Another removal is under way here${who}`, {
    remedy: `Wait for it. If that process is something else: rm ${place}`,
    details: { journal: place, pid },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function placeFor(folder: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--absolute-git-dir'], { cwd: folder });
    return path.join(stdout.trim(), 'teal-removal.json');
  } catch {
    return path.join(folder, '.teal-removal.json');
  }
}

/** There as a whole or not at all, also after a power cut; keeps the file's mode. */
async function writeWhole(file: string, text: string): Promise<void> {
  await rename(await writeDraft(file, text), file);
}

/** @returns where it is, beside the file */
async function writeDraft(file: string, text: string): Promise<string> {
  const mode = (await stat(file).catch(() => null))?.mode;
  const draft = `${file}.teal-${randomUUID()}`;
  const handle = await open(draft, 'w', mode === undefined ? 0o600 : mode & 0o777);
  try {
    await handle.writeFile(text);
    if (mode !== undefined) await handle.chmod(mode & 0o777);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

/** Files among these with changes that are not committed; none outside a repository. */
export async function uncommitted(folder: string, files: readonly string[]): Promise<readonly string[]> {
  if (files.length === 0) return [];
  try {
    const args = ['status', '--porcelain', '-z', '--untracked-files=all', '--', ...files];
    const { stdout } = await run('git', args, { cwd: folder });
    return stdout.split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
  } catch {
    return [];
  }
}
