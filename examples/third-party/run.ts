/**
 * Deploys an app that nobody here wrote: old version → new version → back, under a load that counts every request.
 * Types the commands of `teal` as a person would, and shows what they print. Exit code 1 when a request was lost or the
 * wrong version answered. Ctrl-C cleans up everything.
 *
 *   npm run demo:third-party
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Screen } from '../demo/screen.ts';
import { Teal } from '../demo/teal.ts';
import { interruptible } from '../demo/interruptible.ts';
import { prepare, versions } from './prepare.ts';

const [before, after] = versions;
const screen = new Screen(process.stdout);

await interruptible(screen, async (signal, started) => {
  const folder = await mkdtemp(join(tmpdir(), 'teal-third-party-'));
  const teal = new Teal({ folder, screen, signal });
  started(() => teal.hurry());
  try {
    screen.line(`serve ${before} and ${after} are installed from npm; nothing in them is changed.`);
    await Promise.all(versions.map((version) => prepare(version, join(folder, 'builds', version), signal)));
    await writeConfig(folder);
    await play(teal, signal);
    screen.part('4  Ctrl-C for teal up');
  } finally {
    await teal.down().finally(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  }
});

async function play(teal: Teal, signal: AbortSignal): Promise<void> {
  screen.part(`1  ${before} goes live`);
  const url = await teal.up();
  await teal.run('deploy', 'serve', before, '--from', `builds/${before}`, '--wait');
  await expectVersion(url, before, signal);
  screen.part(`2  ${after} takes over, under load`);
  await prove(teal, url, `teal deploy serve ${after} --from builds/${after} --wait`);
  await expectVersion(url, after, signal);
  screen.part(`3  Back to ${before}, under load`);
  await prove(teal, url, 'teal rollback serve --wait');
  await expectVersion(url, before, signal);
}

/** `teal prove` itself fails when a request was lost, or the command has failed. */
async function prove(teal: Teal, url: string, during: string): Promise<void> {
  const shown = await teal.run('prove', url, '--during', during);
  const answered = /^ +Versions +(.*)$/m.exec(shown)?.[1] ?? 'none';
  if (versions.every((version) => answered.includes(`${version} `))) return;
  throw new Error(`the load did not meet both versions: ${answered}`);
}

async function writeConfig(folder: string): Promise<void> {
  const text = await readFile(join(import.meta.dirname, 'teal.yaml'), 'utf8');
  await writeFile(join(folder, 'teal.yaml'), text.replace('127.0.0.1:8090', '127.0.0.1:0'));
}

async function expectVersion(url: string, version: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  const page = await response.text();
  const found = response.headers.get('x-version');
  if (found === version && page.includes(`serve ${version}`)) return;
  throw new Error(`${url} is answered by version ${found}, expected ${version}`);
}
