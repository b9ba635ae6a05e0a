/**
 * Brings packages of other projects by the clients of their registries, each of an exact version and checked by its hash, into
 * node_modules/.cache: what is in them is looked at there, and none of it is part of Teal.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar';

export interface Package {
  readonly registry: 'npm' | 'crates.io';
  readonly name: string;
  readonly version: string;
  /** SHA-512 of an npm package, SHA-256 of a crate, in hex: as the registries give them. */
  readonly hash: string;
  readonly licence: string;
}

const cache = path.join(import.meta.dirname, '../../../node_modules/.cache/teal-published');
/** A registry that says nothing for so long is not there. */
const timeout = 120_000;
const run = promisify(execFile);

/** The registry, or its client, is not to be had: it says nothing about the package. */
export class RegistryAway extends Error {
  override readonly name = 'RegistryAway';
}

/** @returns the folder with what is in it. @throws Error without a client or a registry, or when its hash is another one */
export async function packageFolder(wanted: Package): Promise<string> {
  const folder = path.join(cache, `${wanted.name.replace('/', '-')}-${wanted.version}`);
  if (existsSync(folder)) return folder;
  const work = mkdtempSync(path.join(tmpdir(), 'teal-package-'));
  try {
    const archive = wanted.registry === 'npm' ? await packed(wanted, work) : await crate(wanted, work);
    const algorithm = wanted.registry === 'npm' ? 'sha512' : 'sha256';
    const hash = createHash(algorithm).update(readFileSync(archive)).digest('hex');
    if (hash !== wanted.hash) throw new Error(`${wanted.name} ${wanted.version} has the hash ${hash}`);
    mkdirSync(cache, { recursive: true });
    // Beside its place first, so that one that was interrupted is no package.
    const beside = mkdtempSync(path.join(cache, '.new-'));
    await extract({ file: archive, cwd: beside, strip: 1 });
    renameSync(beside, folder);
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function fetched(client: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(client, [...args], { cwd, timeout });
  } catch (cause) {
    throw new RegistryAway(`${client} brings no ${args.at(-1)}: is its registry there?`, { cause });
  }
}

/** Nothing of the package is run, and nothing that it depends on is brought. */
async function packed({ name, version }: Package, work: string): Promise<string> {
  // A registry that is away is told within seconds.
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000'];
  const to = ['--pack-destination', work];
  await fetched(
    'npm',
    ['pack', '--silent', '--ignore-scripts', ...patience, ...to, `${name}@${version}`],
    work,
  );
  const [archive] = globSync('*.tgz', { cwd: work });
  if (archive === undefined) throw new Error(`npm has packed nothing for ${name}@${version}`);
  return path.join(work, archive);
}

/** cargo has no command that brings one crate without those it needs, but to tell about one it brings that one. */
async function crate({ name, version }: Package, work: string): Promise<string> {
  await fetched('cargo', ['info', '--quiet', `${name}@${version}`], work);
  const home = process.env['CARGO_HOME'] ?? path.join(homedir(), '.cargo');
  const [archive] = globSync(`registry/cache/*/${name}-${version}.crate`, { cwd: home });
  if (archive === undefined) throw new Error(`cargo has not kept ${name} ${version}`);
  return path.join(home, archive);
}
