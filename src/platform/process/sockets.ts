/** On which addresses processes listen, from Linux's /proc: the commonest reason for a health check that finds nobody. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';

export interface Listening {
  readonly host: string;
  readonly port: number;
}

const listenState = '0A';

/** Addresses that any of the processes listens on. Empty where /proc is not Linux's or not readable. */
export function listeningAddresses(pids: readonly number[]): readonly Listening[] {
  const inodes = new Set(pids.flatMap(socketInodes));
  const found = pids
    .slice(0, 1)
    .flatMap((pid) => ['tcp', 'tcp6'].flatMap((table) => parseTable(readTable(pid, table))))
    .filter((socket) => inodes.has(socket.inode));
  const unique = new Map(found.map(({ host, port }) => [`${host} ${port}`, { host, port }]));
  return [...unique.values()];
}

function socketInodes(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${name}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

function linkTarget(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function readTable(pid: number, table: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${table}`, 'latin1');
  } catch {
    return '';
  }
}

/** The listening sockets of a `/proc/net/tcp` or `tcp6` table. */
export function parseTable(text: string): readonly (Listening & { readonly inode: string })[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { host: decodeAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
    });
}

/** The kernel prints addresses as 32-bit words in the machine's byte order. */
function decodeAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  return bytes.length === 4 ? bytes.join('.') : decodeSix(bytes);
}

function decodeSix(bytes: Buffer): string {
  const mapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (mapped) return bytes.subarray(12).join('.');
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${words.join(':')}]`).hostname;
}
