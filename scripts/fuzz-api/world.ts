/** What is searched: a real installation in a temporary folder, whose control plane is a process that may die. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceBegun, TokenMade } from '../../src/control/contract-access.ts';
import type { AppStatus, Status } from '../../src/control/contract.ts';
import { stopLeftBehind } from '../../src/control/left-behind.ts';
import { runLoad, type Load } from '../../src/load/load.ts';
import { client, Provider } from '../../test/control/access/provider.ts';
import type { World } from './subject.ts';
import { exchange } from './send.ts';

/** Answers its version. */
const app = `
const { createServer } = require('node:http');
const { TEAL_VERSION: version, PORT, HOST } = process.env;
const server = createServer((request, response) => response.end(version));
process.on('SIGTERM', () => { server.close(); server.closeIdleConnections(); });
server.listen(PORT, HOST);
`;

const yaml = (issuer: string): string => {
  const one = (name: string, release: string): string => `  ${name}:
    paths: [/${name}]
    run: { process: { command: [${process.execPath}, server.js], directory: "./versions/{version}" } }
    health: { path: /health, interval: 200ms, timeout: 5s, deadline: 30s }
    identity: { sources: [{ header: x-user, from: anyone }] }
    audiences: { testers: { cookie: { name: beta, exact: "yes" } } }
    release: { ${release} }
    drain: { deadline: 2s }
`;
  return `data: ./data
control: { listen: "127.0.0.1:0", url: "http://127.0.0.1:7433", oidc: { issuer: "${issuer}", client-id: ${client.id}, client-secret: { secret: env:FUZZ_OIDC }, roles: { admin: [ops] } } }
router: { listen: "127.0.0.1:0", workers: 1, access-log: logs }
groups: { pair: [shop, side] }
apps:
${one('calm', 'promote: auto')}${one('solo', 'promote: manual')}${one('shop', 'promote: manual')}${one('side', 'promote: manual')}`;
};

/** Apps that change, two of them together; the traffic of another one has to go on, whatever is asked. */
const changing = ['solo', 'shop', 'side'];
const watched = 'calm';
const rate = 25;
const startMs = 60_000;

export interface Searched {
  readonly world: World;
  readonly socket: string;
  /** Null while it runs. */
  ended(): string | null;
  /** Puts back what was removed, and makes releases possible again. */
  restore(): Promise<void>;
  /** Resident memory of the control plane, in MB. */
  memory(): number;
  readonly traffic: Load;
  close(): Promise<void>;
}

export async function searched(faults: readonly string[]): Promise<Searched> {
  const folder = mkdtempSync(path.join(tmpdir(), 'teal-fuzz-api-'));
  const provider = await Provider.start();
  const file = furnish(folder, provider.issuer);
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'control.ts'), file, ...faults], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FUZZ_OIDC: client.secret },
  });
  const said = tail(child);
  const gone = once(child, 'exit');
  const dispose = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    // Without a hold on this process, which would last as long.
    await Promise.race([gone, sleep(15_000, null, { ref: false })]);
    child.kill('SIGKILL');
    await stopLeftBehind({ file, signal: AbortSignal.abort() }).catch(() => undefined);
    await provider.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const { socket, urls } = await started(child);
    const post = (at: string, body: unknown) => exchange(socket, 'POST', at, body);
    for (const name of [`apps/${watched}`, 'apps/solo', 'groups/pair'])
      await post(`/v1/${name}/deploy`, { version: 'v1', promote: 'auto' });
    await until('v1 of every app is live', async () => {
      const { apps } = (await exchange(socket, 'GET', '/v1/status')) as unknown as Status;
      for (const status of apps.filter(({ release }) => release?.step?.asks === true))
        await post(`/v1/${placeOf(status)}/promote`, { full: true }).catch(() => undefined);
      return apps.every(({ version, release }) => version === 'v1' && release?.ended === true);
    });
    const base = urls[0] ?? '';
    const traffic = runLoad({
      url: new URL('/calm', base).href,
      rps: rate,
      connections: 4,
      isFailure: (status) => status !== 200,
    });
    return {
      world: { ...worldOf(folder, file), ...(await entrants(post)) },
      socket,
      ended: () =>
        child.exitCode === null && child.signalCode === null
          ? null
          : `the control plane ended (${child.exitCode ?? child.signalCode ?? ''}): ${said()}`,
      restore: () => restore(socket, file),
      memory: () => memoryOf(child.pid ?? 0),
      traffic,
      close: async () => {
        await traffic.stop();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw new Error(`it did not start (${String(error)}): ${said()}`, { cause: error });
  }
}

function furnish(folder: string, issuer: string): string {
  const file = path.join(folder, 'teal.yaml');
  writeFileSync(file, yaml(issuer));
  mkdirSync(path.join(folder, 'app'));
  mkdirSync(path.join(folder, 'versions'));
  writeFileSync(path.join(folder, 'app/server.js'), app);
  // The app says what TEAL_VERSION says: one folder is enough for all versions.
  for (const version of ['v1', 'v2', 'v3', 'v4'])
    symlinkSync('../app', path.join(folder, 'versions', version));
  writeFileSync(path.join(folder, 'broken.yaml'), 'apps: 7\n');
  writeFileSync(path.join(folder, 'large.yaml'), `# ${'x'.repeat(20_000_000)}\n`);
  writeFileSync(path.join(folder, 'broken.tgz'), 'no archive');
  writeFileSync(
    path.join(folder, 'some.log'),
    '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1\n',
  );
  spawnSync('mkfifo', [path.join(folder, 'pipe')]);
  return file;
}

type Post = (at: string, body: unknown) => Promise<unknown>;

async function entrants(post: Post): Promise<Pick<World, 'looker' | 'device'>> {
  const { secret } = (await post('/v1/tokens', { name: 'looker', role: 'viewer' })) as TokenMade;
  const { id } = (await post('/v1/login/device', {})) as DeviceBegun;
  return { looker: secret, device: id };
}

function worldOf(folder: string, file: string): Omit<World, 'looker' | 'device'> {
  const at = (name: string): string => path.join(folder, name);
  const nowhere = ['/nonexistent', '', 'relative', '/', '/dev/null', '/dev/zero', at('pipe'), at('app')];
  return {
    apps: changing,
    groups: ['pair'],
    watched,
    files: [file, file, at('broken.yaml'), at('large.yaml'), ...nowhere],
    logs: [at('some.log'), at('broken.tgz'), ...nowhere.filter((name) => name.startsWith('/'))],
    // Not the root: to copy the whole disk is what that asks for.
    sources: [
      at('app'),
      at('app'),
      at('broken.tgz'),
      'git:main',
      'git:--help',
      'git:',
      ...nowhere.filter((name) => name !== '/'),
    ],
  };
}

async function started(child: ChildProcess): Promise<{ socket: string; urls: readonly string[] }> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('its process ended')));
  const late = sleep(startMs, null, { signal }).then(() => Promise.reject(new Error('it took too long')));
  try {
    const first = await Promise.race([once(child.stdout ?? child, 'data', { signal }), ended, late]);
    return JSON.parse(String(first[0])) as { socket: string; urls: readonly string[] };
  } finally {
    over.abort();
    await Promise.allSettled([ended, late]);
  }
}

/** The last of what it said. */
function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)));
  return () => text.trim();
}

async function restore(socket: string, file: string): Promise<void> {
  const post = (at: string, body: unknown) => exchange(socket, 'POST', at, body).catch(() => undefined);
  const { apps } = (await exchange(socket, 'GET', '/v1/status')) as unknown as Status;
  if (changing.some((name) => !apps.some(({ app: known }) => known === name)))
    await post('/v1/apply', { file });
  for (const status of apps) {
    if (!changing.includes(status.app)) continue;
    if (status.frozen !== null) await post(`/v1/apps/${status.app}/unfreeze`, {});
    const at = placeOf(status);
    if (status.live === null && status.release?.step?.asks === true)
      await post(`/v1/${at}/promote`, { full: true });
    if (isStuck(status)) await post(`/v1/${at}/abort`, {});
    if (status.live === null) await post(`/v1/${at}/deploy`, { version: 'v1', promote: 'auto' });
  }
}

const placeOf = ({ app: name, group }: AppStatus): string =>
  group === null ? `apps/${name}` : `groups/${group}`;

const isStuck = ({ release }: AppStatus): boolean => release !== null && release.pausedAt !== null;

function memoryOf(pid: number): number {
  try {
    const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return 0;
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + startMs; Date.now() < end;) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}
