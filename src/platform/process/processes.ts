/**
 * What the operating system knows of processes. A bare pid is never trusted: numbers are used again, so a process
 * is known by its pid and its start time together.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** What the launcher wrote about the app's process. */
export interface ProcessRecord {
  readonly pid: number;
  /** The process group, which is also the launcher's pid. */
  readonly group: number;
  /** Linux: clock ticks since boot; elsewhere what `ps -o lstart=` prints. */
  readonly started: string;
}

interface Stat {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
  readonly started: string;
}

const linux = process.platform === 'linux';

/** `ps` prints times by locale and time zone: the launcher sets the same two. */
const psEnvironment = { LC_ALL: 'C', TZ: 'UTC' } as const;

/** Reads `/proc/<pid>/stat`. The command's name may hold spaces and brackets, so counting starts after the last one. */
export function parseStat(text: string): Stat | null {
  const close = text.lastIndexOf(') ');
  const fields = text.slice(close + 2).split(' ');
  const [state, , group] = fields;
  const started = fields[19];
  if (close < 0 || state === undefined || group === undefined || started === undefined) return null;
  return { pid: Number.parseInt(text, 10), state, group: Number(group), started };
}

/** Reads a line of `ps -A -o pid=,pgid=,state=,lstart=`. */
function parsePs(line: string): Stat | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
  if (match === null) return null;
  return { pid: Number(match[1]), group: Number(match[2]), state: match[3] ?? '', started: match[4] ?? '' };
}

/** A line of stat has some 300 bytes. `readFileSync`, which cannot know that, takes 64 KiB for each of all processes. */
const line = Buffer.alloc(4096);

function readStat(pid: number): string {
  const file = openSync(`/proc/${pid}/stat`, 'r');
  try {
    return line.toString('latin1', 0, readSync(file, line));
  } finally {
    closeSync(file);
  }
}

function stat(pid: number): Stat | null {
  try {
    if (linux) return parseStat(readStat(pid));
    return parsePs(ps('-p', String(pid)));
  } catch {
    return null;
  }
}

function ps(...which: string[]): string {
  return execFileSync('ps', [...which, '-o', 'pid=,pgid=,state=,lstart='], {
    env: { ...process.env, ...psEnvironment },
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** A zombie has ended; where pid 1 does not reap, it would stay in the table for ever. */
const running = (found: Stat | null): found is Stat => found !== null && !/^[ZX]/.test(found.state);

/** Whether the very process of the record still runs. */
export function alive(record: ProcessRecord): boolean {
  const found = stat(record.pid);
  return running(found) && found.started === record.started;
}

/** Whether any process has this pid; enough for one whose identity was checked a moment ago. */
export const exists = (pid: number): boolean => running(stat(pid));

/** What is to be known of a process that leads its group, as a launcher does; null when it cannot be found out. */
export function leaderOf(pid: number): ProcessRecord | null {
  const found = stat(pid);
  return found === null ? null : { pid, group: pid, started: found.started };
}

/** Whether a launcher, or anything in its group, still runs: it may yet become the app. */
export const groupRuns = (launcher: ProcessRecord): boolean =>
  alive(launcher) || groupMembers(launcher).length > 0;

/** Every running process of the launcher's group but the launcher itself, or none when the number is another's now. */
export function groupMembers(record: ProcessRecord): readonly number[] {
  const leader = stat(record.group);
  // The launcher started before the app did; a leader that started after it has only been given its number.
  if (linux && leader !== null && Number(leader.started) > Number(record.started)) return [];
  return processes()
    .filter((found) => found.group === record.group && found.pid !== record.group && running(found))
    .map((found) => found.pid);
}

function processes(): readonly Stat[] {
  if (!linux) return ps('-A').split('\n').map(parsePs).filter(isStat);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => stat(Number(name)))
    .filter(isStat);
}

const isStat = (found: Stat | null): found is Stat => found !== null;

/** Whether some process was started with this variable: finds what was launched and not recorded. Linux only. */
export function carriedInEnvironment(assignment: string): boolean {
  if (!linux) return false;
  return processes().some((found) => {
    try {
      return readFileSync(`/proc/${found.pid}/environ`, 'latin1').split('\0').includes(assignment);
    } catch {
      return false;
    }
  });
}

/** Sends a signal to a process (or, negative, to a group). False when there is none any more. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
