/**
 * Deploys an app that nobody here wrote: old version → new version → back, under a load that counts every request.
 * Drives the `teal` command as a person would. Exit code 1 when a request was lost or the wrong version answered.
 *
 *   npm run demo:third-party
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepare, versions } from './prepare.ts';

const bin = join(import.meta.dirname, '../../bin/teal.js');
const [before, after] = versions;
const rps = 200;
const upMs = 30_000;
/** Longer than the drain and stop deadlines of teal.yaml together. */
const downMs = 60_000;

/** What of the report of `teal prove --json` is shown here. */
interface Proof {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly versions: Readonly<Record<string, number>>;
  readonly problems?: Readonly<Record<string, string>>;
  /** What there is to complain about: losses, or a command that failed. */
  readonly error: { readonly message: string } | null;
}

const folder = await mkdtemp(join(tmpdir(), 'teal-third-party-'));
// Instances are started as `node`: the one that runs this script, whatever else is on the path.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };
const versionFolder = (version: string): string => join(folder, 'versions', version);

async function main(): Promise<void> {
  console.log(`installing serve ${before} and ${after} from npm`);
  await Promise.all(versions.map((version) => prepare(version, versionFolder(version))));
  const url = await writeConfig();
  const up = await start();
  try {
    await teal('deploy', 'serve', before, '--from', versionFolder(before), '--wait');
    await expectVersion(url, before);
    console.log(`serve ${before} is live on ${url}`);
    const deploy = command('deploy', 'serve', after, '--from', versionFolder(after), '--wait');
    tell(`deployed ${after}`, await prove(url, deploy));
    await expectVersion(url, after);
    tell(`rolled back to ${before}`, await prove(url, command('rollback', 'serve', '--wait')));
    await expectVersion(url, before);
  } finally {
    await stop(up);
  }
}

async function writeConfig(): Promise<string> {
  const port = await freePort();
  const text = await readFile(join(import.meta.dirname, 'teal.yaml'), 'utf8');
  await writeFile(join(folder, 'teal.yaml'), text.replace('127.0.0.1:8090', `127.0.0.1:${port}`));
  return `http://127.0.0.1:${port}/`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Starts `teal up` and waits until it can be asked. */
async function start(): Promise<ChildProcess> {
  const log = await open(join(folder, 'up.log'), 'w');
  const up = spawn(process.execPath, [bin, 'up'], { cwd: folder, env, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  for (const deadline = Date.now() + upMs; ; await sleep(200)) {
    if ((await run('status', '--json')).code === 0) return up;
    if (up.exitCode === null && Date.now() < deadline) continue;
    up.kill('SIGKILL');
    throw new Error(`teal up did not come up:\n${await readFile(join(folder, 'up.log'), 'utf8')}`);
  }
}

async function stop(up: ChildProcess): Promise<void> {
  if (up.exitCode !== null || up.signalCode !== null) return;
  const exit = once(up, 'exit');
  up.kill('SIGINT');
  const gone = await Promise.race([exit, sleep(downMs, null, { ref: false })]);
  if (gone !== null) return;
  up.kill('SIGKILL');
  throw new Error(`teal up was still there ${downMs / 1000} s after SIGINT`);
}

/** Runs a teal command that has to succeed. */
async function teal(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`teal ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

async function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  await once(child, 'close');
  return { code: child.exitCode ?? -1, stdout, stderr };
}

/** Keeps a load on the URL while the command runs. Exit code 1 is a report with failures in it: judged by the caller. */
async function prove(url: string, during: string): Promise<Proof> {
  const { stdout, stderr } = await run('prove', url, '--rps', `${rps}`, '--during', during, '--json');
  try {
    return JSON.parse(stdout) as Proof;
  } catch {
    throw new Error(`teal prove gave no report:\n${stdout}${stderr}`);
  }
}

function command(...args: readonly string[]): string {
  return [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
}

function tell(what: string, proof: Proof): void {
  const answered = Object.entries(proof.versions).map(([version, count]) => `${version}: ${count}`);
  console.log(
    `${what}: ${proof.sent} sent, ${proof.answered} answered (${answered.join(', ')}), ${proof.failed} failed`,
  );
  for (const problem of Object.values(proof.problems ?? {})) console.log(`  ${problem}`);
  if (proof.error !== null) throw new Error(proof.error.message);
  if (proof.failed > 0 || proof.sent !== proof.answered) process.exitCode = 1;
  if (answered.length < 2) throw new Error(`the load did not see both versions: ${answered.join(', ')}`);
}

async function expectVersion(url: string, version: string): Promise<void> {
  const response = await fetch(url);
  await response.body?.cancel();
  const found = response.headers.get('x-version');
  if (found !== version) throw new Error(`${url} is answered by version ${found}, expected ${version}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
