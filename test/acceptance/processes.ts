import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The processes that have to do with a folder: it is in their arguments, their environment, or where they work. */
export function processesOf(folder: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && concerns(pid, folder));
}

function concerns(pid: number, folder: string): boolean {
  return (
    read(`/proc/${pid}/cmdline`).includes(folder) ||
    read(`/proc/${pid}/environ`).includes(folder) ||
    link(`/proc/${pid}/cwd`).startsWith(folder)
  );
}

/** Processes started by this one, e.g. the workers of a router. */
export function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

export function isAlive(pid: number): boolean {
  const state = read(`/proc/${pid}/stat`).split(') ').at(-1)?.[0];
  return state !== undefined && state !== 'Z';
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already: that is what was wanted.
  }
}

/** The remote ports of the established connections to this local port that the process holds. */
export function clientPortsOf(pid: number, localPort: number): ReadonlySet<number> {
  return portsOf(
    pid,
    (row) => row.local === localPort,
    (row) => row.remote,
  );
}

/** The local ports of the process's connections to this remote port. */
export function connectionsTo(pid: number, remotePort: number): ReadonlySet<number> {
  return portsOf(
    pid,
    (row) => row.remote === remotePort,
    (row) => row.local,
  );
}

interface Row {
  readonly local: number;
  readonly remote: number;
  readonly inode: string;
}

function portsOf(pid: number, which: (row: Row) => boolean, port: (row: Row) => number): ReadonlySet<number> {
  const held = new Set(
    entries(`/proc/${pid}/fd`).flatMap(
      (name) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))?.[1] ?? [],
    ),
  );
  return new Set(rows().flatMap((row) => (held.has(row.inode) && which(row) ? [port(row)] : [])));
}

/** The kernel writes it page by page while connections come and go: one reading may leave out some that stayed. */
const readings = 4;

/** The lines of /proc/net/tcp: addresses and ports in hex, the inode in the tenth column. */
function rows(): readonly Row[] {
  return Array.from({ length: readings }, () => read('/proc/net/tcp').split('\n').slice(1))
    .flat()
    .flatMap((line) => {
      const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || inode === undefined) return [];
      return [{ local: portIn(local), remote: portIn(remote), inode }];
    });
}

const portIn = (address: string): number => Number.parseInt(address.split(':')[1] ?? '0', 16);

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
