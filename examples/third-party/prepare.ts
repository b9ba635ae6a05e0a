/**
 * Puts published versions of `serve` from npm into folders, each with a page to serve: what a build would leave behind.
 *
 *   node examples/third-party/prepare.ts <folder>
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The old version and the new one. */
export const versions = ['14.2.5', '14.2.7'] as const;
const installMs = 180_000;

/**
 * Installs `serve` at this version into `folder`, with a page that says so and an `x-version` header on every answer.
 * @throws Error when npm does not install it
 */
export async function prepare(version: string, folder: string, signal?: AbortSignal): Promise<void> {
  await mkdir(join(folder, 'public'), { recursive: true });
  await npmInstall(`serve@${version}`, folder, signal);
  const page = `<!doctype html>\n<title>It works</title>\n<p>It works, served by serve ${version}.</p>\n`;
  await writeFile(join(folder, 'public/index.html'), page);
  const headers = [{ source: '**', headers: [{ key: 'x-version', value: version }] }];
  await writeFile(join(folder, 'public/serve.json'), `${JSON.stringify({ headers }, null, 2)}\n`);
}

async function npmInstall(what: string, folder: string, signal?: AbortSignal): Promise<void> {
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawn('npm', ['install', '--prefix', folder, ...options, what], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: installMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const [code, killed] = await once(npm, 'close');
  if (code !== 0) throw new Error(`npm install ${what} ended with ${killed ?? `code ${code}`}`);
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: node examples/third-party/prepare.ts <folder>');
    process.exit(2);
  }
  for (const version of versions) {
    await prepare(version, join(folder, version));
    console.log(`${join(folder, version)}: serve ${version}`);
  }
}
