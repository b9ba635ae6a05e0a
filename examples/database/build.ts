/**
 * Puts one version of the app into a folder: the server that all have, the version's statements, and its migrations.
 *
 *   node examples/database/build.ts v1 /tmp/users/v1
 */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const versions = ['v1', 'v2'] as const;
export type VersionName = (typeof versions)[number];

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** @returns the folder */
export async function buildUsers(version: VersionName, folder: string): Promise<string> {
  await cp(here('app'), folder, { recursive: true });
  await cp(here(version), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  return folder;
}

const isVersion = (name: string | undefined): name is VersionName =>
  (versions as readonly (string | undefined)[]).includes(name);

async function main([version, folder]: readonly string[]): Promise<void> {
  if (!isVersion(version) || folder === undefined) {
    console.error(`usage: node examples/database/build.ts ${versions.join('|')} <folder>`);
    process.exitCode = 2;
    return;
  }
  console.log(`${await buildUsers(version, folder)}: users ${version}`);
}

if (import.meta.main) await main(process.argv.slice(2));
