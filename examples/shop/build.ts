/**
 * Builds one version of the shop: a folder with everything it needs, which is never changed afterwards.
 *
 *   node examples/shop/build.ts <version> <folder> [--broken <flaw>]
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * How a version can be broken. `after-switch`: passes its health check and its tests, but answers 500 on /api/products
 * once it has served 150 requests · `tests`: healthy, but has nothing to sell · `crash`: exits at start ·
 * `crash-after-switch`: exits once it has served 150 requests · `never-healthy`: /healthz answers 503 ·
 * `redirecting-health`: /healthz answers 302 · `wrong-port`: listens somewhere else than asked.
 */
export const flaws = [
  'after-switch',
  'tests',
  'crash',
  'crash-after-switch',
  'never-healthy',
  'redirecting-health',
  'wrong-port',
] as const;
export type Flaw = (typeof flaws)[number];

export interface BuildOptions {
  readonly broken?: Flaw;
  /** After how many requests the flaws that show only under traffic begin; 150 when not given. */
  readonly failAfter?: number;
}

const app = new URL('app/', import.meta.url);
const themes: Readonly<Record<string, string>> = { v1: '#2563eb', v2: '#15803d', v3: '#b45309' };

/**
 * Writes the version into `folder` and returns the folder. The same arguments write the same bytes.
 * @throws Error when the folder already holds another build
 */
export async function buildShop(
  version: string,
  folder: string,
  options: BuildOptions = {},
): Promise<string> {
  const theme = themes[version] ?? `hsl(${digest(version).readUInt16BE() % 360} 60% 35%)`;
  const css = (await readApp('public/app.css')).replace('THEME', theme);
  const js = (await readApp('public/app.js')).replace('VERSION', version);
  const build = {
    version,
    theme,
    css: hashed('css', css),
    js: hashed('js', js),
    broken: options.broken ?? null,
    failAfter: options.failAfter ?? 150,
  };
  const about = `${JSON.stringify(build, null, 2)}\n`;
  await refuseAnother(folder, about);
  await mkdir(join(folder, 'public/assets'), { recursive: true });
  await cp(app, folder, { recursive: true, filter: (source) => basename(source) !== 'public' });
  await cp(new URL('smoke.js', import.meta.url), join(folder, 'smoke.js'));
  await writeFile(join(folder, 'public/assets', build.css), css);
  await writeFile(join(folder, 'public/assets', build.js), js);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await writeFile(join(folder, 'version.json'), about);
  return folder;
}

async function refuseAnother(folder: string, about: string): Promise<void> {
  const there = await readFile(join(folder, 'version.json'), 'utf8').catch(() => about);
  if (there !== about) {
    throw new Error(`${folder} already holds another build of the shop; a version's folder is never changed`);
  }
}

const readApp = (path: string): Promise<string> => readFile(new URL(path, app), 'utf8');
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const hashed = (type: string, text: string): string =>
  `app.${digest(text).toString('hex').slice(0, 10)}.${type}`;
const isFlaw = (name: string): name is Flaw => (flaws as readonly string[]).includes(name);

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { broken: { type: 'string' } },
  });
  const [version, folder] = positionals;
  const { broken } = values;
  if (version === undefined || folder === undefined || (broken !== undefined && !isFlaw(broken))) {
    console.error(`usage: node examples/shop/build.ts <version> <folder> [--broken ${flaws.join('|')}]`);
    process.exitCode = 2;
    return;
  }
  await buildShop(version, folder, broken === undefined ? {} : { broken });
  console.log(`${folder}: shop ${version}${broken === undefined ? '' : `, broken: ${broken}`}`);
}

if (import.meta.main) await main();
