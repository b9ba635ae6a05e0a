/**
 * Immutable versions on disk: `<data>/versions/<app>/<version>/`, beside it `<version>.tree` (what is in it) and
 * `<version>.json` (the record). The record is written last and removed first: a version without one is not there.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { fetchSource, invalid, parseSource } from './source.ts';
import { firstDifference, parseTree, readTree, seal, sha256, syncFile, unseal, type Tree } from './tree.ts';

export interface VersionRecord {
  readonly app: string;
  readonly version: string;
  /** Of the whole tree, in hex: the same for the same content, wherever it came from. */
  readonly sha256: string;
  readonly files: number;
  readonly bytes: number;
  /** The path it was made of, or `git:<ref> (<commit>)`. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface VersionStoreOptions {
  /** Absolute; versions live in its `versions/`. */
  readonly data: string;
  readonly now?: () => number;
}

/** A name that is a folder of its own, on every file system, and no option of any command. */
const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** What lies beside a version's folder is called so. */
const suffixes = /\.(json|tree|tmp)$/;
/** No app can be called so, and it is on the same file system as what it becomes. */
const incoming = '.incoming';

export class VersionStore {
  readonly #data: string;
  readonly #root: string;
  readonly #now: () => number;
  /** By app: what one of them fetches for ever keeps no other from its own. */
  readonly #busy = new Map<string, Promise<unknown>>();

  private constructor(options: VersionStoreOptions) {
    this.#data = options.data;
    this.#root = path.join(options.data, 'versions');
    this.#now = options.now ?? Date.now;
  }

  /** Opens the store and removes what a killed Teal left half done. */
  static async open(options: VersionStoreOptions): Promise<VersionStore> {
    const store = new VersionStore(options);
    await store.#clean();
    return store;
  }

  /**
   * Makes a version of a directory, a tar file (both absolute) or `git:<ref>` of the repository at `cwd`.
   * The whole version is there when it resolves, or nothing of it. Again with the same content: the record there is.
   * @throws TealError `usage`, `version-source-invalid`, `version-exists`, `disk-full`
   */
  put(
    app: string,
    version: string,
    from: string,
    options: { readonly cwd?: string } = {},
  ): Promise<VersionRecord> {
    return this.#alone(app, async () => {
      checkName('app', app);
      checkName('version', version);
      const folder = path.join(this.#root, incoming, randomBytes(8).toString('hex'));
      try {
        const source = await parseSource(from, options.cwd);
        await mkdir(folder, { recursive: true });
        const called = await fetchSource(source, folder, [this.#data]);
        return await this.#keep(
          { app, version, source: called },
          folder,
          await readTree(folder, { sync: true }),
        );
      } catch (cause) {
        throw sourceProblem(from, cause);
      } finally {
        await removeTree(folder);
      }
    });
  }

  /** Where the version's files are; null when there is no such version. */
  directory(app: string, version: string): string | null {
    if (!name.test(app) || !name.test(version)) return null;
    const directory = this.#file(app, version, '');
    return existsSync(this.#file(app, version, '.json')) && existsSync(directory) ? directory : null;
  }

  /**
   * Reads every file of the version again.
   * @throws TealError `version-unknown`, or `version-changed` with the first path that is not what was put there
   */
  async verify(app: string, version: string): Promise<VersionRecord> {
    const record = await this.#record(app, version);
    if (record === null) throw unknown(app, version);
    const listed = await readFile(this.#file(app, version, '.tree'), 'utf8').catch(() => '');
    if (sha256(listed) !== record.sha256) throw changed(record, `${version}.tree`);
    const directory = this.#file(app, version, '');
    const tree = await readTree(directory, { sync: false }).catch(() => null);
    const difference = tree === null ? '.' : firstDifference(parseTree(listed), tree.entries);
    if (difference !== null) throw changed(record, difference);
    return record;
  }

  /** The app's versions, newest first. */
  async list(app: string): Promise<readonly VersionRecord[]> {
    if (!name.test(app)) return [];
    const names = await readdir(path.join(this.#root, app)).catch(() => []);
    const versions = names
      .filter((each) => each.endsWith('.json'))
      .map((each) => each.slice(0, -'.json'.length));
    const records = await Promise.all(versions.map((version) => this.#record(app, version)));
    return records.filter((record) => record !== null).toSorted((a, b) => b.at - a.at);
  }

  /** Removes all but the `keep` newest; what is protected is never removed. Returns the versions that are gone. */
  prune(app: string, keep: number, protectedVersions: ReadonlySet<string>): Promise<readonly string[]> {
    return this.#alone(app, async () => {
      const surplus = (await this.list(app))
        .slice(keep)
        .map((record) => record.version)
        .filter((version) => !protectedVersions.has(version));
      for (const version of surplus) await this.#remove(app, version);
      return surplus;
    });
  }

  async #keep(
    about: Pick<VersionRecord, 'app' | 'version' | 'source'>,
    folder: string,
    tree: Tree,
  ): Promise<VersionRecord> {
    const { app, version } = about;
    checkTree(about.source, tree);
    const existing = await this.#record(app, version);
    if (existing !== null) return same(existing, tree);
    const { files, bytes } = tree;
    const record: VersionRecord = { ...about, sha256: tree.sha256, files, bytes, at: this.#now() };
    const directory = this.#file(app, version, '');
    await mkdir(path.dirname(directory), { recursive: true });
    await seal(folder, tree.entries);
    await this.#remove(app, version);
    await writeFile(this.#file(app, version, '.tree'), tree.text, { flush: true });
    await rename(folder, directory);
    // Only now: a folder that cannot be written cannot be moved to another parent either.
    await seal(path.dirname(directory), [['d', version, '', 0]]);
    const written = this.#file(app, version, '.tmp');
    await writeFile(written, `${JSON.stringify(record)}\n`, { flush: true });
    await rename(written, this.#file(app, version, '.json'));
    await syncFile(path.dirname(directory));
    return record;
  }

  async #record(app: string, version: string): Promise<VersionRecord | null> {
    const directory = this.directory(app, version);
    if (directory === null) return null;
    try {
      return JSON.parse(await readFile(this.#file(app, version, '.json'), 'utf8')) as VersionRecord;
    } catch {
      return null;
    }
  }

  async #remove(app: string, version: string): Promise<void> {
    await rm(this.#file(app, version, '.json'), { force: true });
    await removeTree(this.#file(app, version, ''));
    await rm(this.#file(app, version, '.tree'), { force: true });
    await rm(this.#file(app, version, '.tmp'), { force: true });
  }

  async #clean(): Promise<void> {
    await removeTree(path.join(this.#root, incoming));
    const apps = await readdir(this.#root).catch(() => []);
    for (const app of apps) {
      const names = new Set(await readdir(path.join(this.#root, app)).catch(() => []));
      const versions = new Set([...names].map((each) => each.replace(suffixes, '')));
      for (const version of versions) if (!names.has(`${version}.json`)) await this.#remove(app, version);
    }
  }

  #file(app: string, version: string, suffix: '' | '.json' | '.tree' | '.tmp'): string {
    return path.join(this.#root, app, `${version}${suffix}`);
  }

  /** One change at a time: two deploys of one version at once would race for its place. */
  #alone<T>(app: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(app) ?? Promise.resolve();
    const done = before.then(work, work);
    this.#busy.set(
      app,
      done.catch(() => undefined),
    );
    return done;
  }
}

async function removeTree(folder: string): Promise<void> {
  if (existsSync(folder)) await unseal(folder);
  await rm(folder, { recursive: true, force: true });
}

function checkName(what: 'app' | 'version', value: string): void {
  if (name.test(value) && !suffixes.test(value)) return;
  throw new TealError(
    'usage',
    `"${value}" cannot be the name of ${what === 'app' ? 'an app' : 'a version'}`,
    {
      remedy:
        'Use letters, digits, ".", "_" and "-", beginning with a letter or digit, not ending in .json, .tree or .tmp; 128 at most.',
      details: { [what]: value },
    },
  );
}

/** Links may only lead to what is in the version: what lies outside is neither kept nor checksummed. */
function checkTree(source: string, tree: Tree): void {
  if (tree.files === 0)
    throw invalid(source, 'there is no file in it', 'Build it first, or correct the path.');
  for (const [kind, file, target] of tree.entries) {
    if (kind !== 'l') continue;
    const leads = path.posix.join(path.posix.dirname(file), target);
    if (!path.isAbsolute(target) && leads !== '..' && !leads.startsWith('../')) continue;
    const why = `the link ${file} leads outside, to ${target}`;
    throw invalid(
      source,
      why,
      'Replace the link by what it leads to, or by a relative one that stays inside.',
    );
  }
}

function same(existing: VersionRecord, tree: Tree): VersionRecord {
  if (existing.sha256 === tree.sha256) return existing;
  const { app, version } = existing;
  throw new TealError('version-exists', `${app} ${version} exists already, with other content`, {
    remedy: 'Versions never change: give the new content a new name.',
    details: { app, version, existing: existing.sha256, given: tree.sha256 },
  });
}

/** What went wrong while reading a source, for a person. */
export function sourceProblem(from: string, cause: unknown): TealError {
  if (cause instanceof TealError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TealError('disk-full', `no room for the version from ${from}; nothing of it was kept`, {
      remedy: 'Make room on the disk that holds `data`, or lower `keep` in teal.yaml.',
      details: { from },
      cause,
    });
  }
  return invalid(from, message, 'Correct what is said here, and deploy again.', cause);
}

const unknown = (app: string, version: string): TealError =>
  new TealError('version-unknown', `there is no version ${version} of ${app}`, {
    remedy: `teal deploy ${app} ${version} --from <dir|tgz|git:ref>`,
    details: { app, version },
  });

function changed(record: VersionRecord, file: string): TealError {
  const { app, version } = record;
  return new TealError(
    'version-changed',
    `${app} ${version} is not what was deployed: ${file} has changed on disk`,
    {
      remedy: `Deploy the same source under a new version name; nothing may write into a version's folder.`,
      details: { app, version, path: file },
    },
  );
}
