/** Asks processes that were started with the probe (probe.ts) how they are. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Where a process's probe listens; known to benches only. */
export const probesVariable = 'BENCH_PROBES';

export const probeFile = (folder: string, pid: number): string => join(folder, `${pid}.sock`);

/** Bytes, after full garbage collections; and what keeps the process's event loop busy. */
export interface Vitals {
  readonly pid: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly handles: number;
  /** Handles by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What a process has to be started with; `folder` has to exist. */
export function probeEnvironment(folder: string): Readonly<Record<string, string>> {
  const options = `${process.env['NODE_OPTIONS'] ?? ''} --import ${new URL('probe.ts', import.meta.url).href}`;
  return { [probesVariable]: folder, NODE_OPTIONS: options.trim() };
}

/** Everything started meanwhile has the probe in it. For what starts its processes by itself, with our environment. */
export async function withProbes<T>(folder: string, start: () => Promise<T>): Promise<T> {
  const added = probeEnvironment(folder);
  const before = Object.keys(added).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, added);
  try {
    return await start();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

const patienceMs = 30_000;

export async function vitalsOf(folder: string, pid: number): Promise<Vitals> {
  const socket = connect(probeFile(folder, pid));
  socket.setTimeout(patienceMs, () => socket.destroy(new Error(`process ${pid} does not answer its probe`)));
  return JSON.parse(await text(socket)) as Vitals;
}

/** Open TCP connections of a process, as the kernel counts them, whatever speaks over them. */
export interface Connections {
  /** To the ports that it listens on. */
  readonly clients: number;
  /** All others: those that it has opened. */
  readonly upstreams: number;
}

/** As /proc/net/tcp writes it. */
const listenState = '0A';

/** Linux only (proc(5)). @param listening ports the process was handed */
export function connectionsOf(pid: number, listening: readonly number[]): Connections {
  const inodes = new Set(openFiles(pid));
  const own = ['tcp', 'tcp6']
    .flatMap((table) => tableOf(pid, table))
    .filter(({ state, inode }) => state !== listenState && inodes.has(`socket:[${inode}]`));
  const clients = own.filter(({ port }) => listening.includes(port)).length;
  return { clients, upstreams: own.length - clients };
}

function openFiles(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((name) => {
    try {
      return readlinkSync(join(folder, name));
    } catch {
      // Closed since the folder was read.
      return '';
    }
  });
}

function tableOf(
  pid: number,
  table: string,
): readonly { readonly port: number; readonly state: string; readonly inode: string }[] {
  const lines = readFileSync(`/proc/${pid}/net/${table}`, 'latin1').trim().split('\n').slice(1);
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt((fields[1] ?? '').split(':')[1] ?? '', 16);
    return { port, state: fields[3] ?? '', inode: fields[9] ?? '' };
  });
}
