/**
 * An instance's folder, `<data>/instances/<id>/`: all that is known of it, so that a Teal that never saw it start can
 * go on supervising it. `spec.json` before launch, `pid` and `exit` by the launcher, then marks by Teal.
 */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import type { Role } from '../../config/config.ts';
import type { Place } from '../platform.ts';
import type { ProcessRecord } from './processes.ts';

/** What was to be started. Holds names of secrets, never their values. */
export interface InstanceSpec extends Place {
  readonly id: string;
  readonly version: string;
  readonly directory: string;
  readonly role: string;
  readonly spec: Role;
  readonly restart: number;
  /** Which of the place's instances it is; at most one runs in a slot. */
  readonly slot: number;
  readonly host: string;
  /** Null for background roles. */
  readonly port: number | null;
  readonly cgroup: string | null;
  readonly startedAt: number;
  /** How often instances of this slot had ended unasked before. */
  readonly crashes: number;
}

/** How an instance's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What Teal noted when it dealt with the end of an instance. */
export interface Ended extends Exit {
  readonly asked: boolean;
  /** For how long it had been healthy; null: never. */
  readonly healthyMs: number | null;
}

type Mark = 'healthy' | 'stopping';

const instancesFolder = (data: string): string => path.join(data, 'instances');

/** Makes the folder of an instance, with its spec: from then on a restart of Teal finds it. @returns where it is */
export async function createFolder(data: string, spec: InstanceSpec): Promise<string> {
  const folder = path.join(instancesFolder(data), spec.id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  writeWhole(path.join(folder, 'spec.json'), `${JSON.stringify(spec)}\n`);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Every folder that holds a readable spec, oldest first. */
export async function listFolders(data: string): Promise<readonly { folder: string; spec: InstanceSpec }[]> {
  const names = await readdir(instancesFolder(data)).catch(() => []);
  return names
    .map((name) => path.join(instancesFolder(data), name))
    .flatMap((folder) => {
      const spec = readSpec(folder);
      return spec === null ? [] : [{ folder, spec }];
    })
    .toSorted((a, b) => a.spec.startedAt - b.spec.startedAt || a.spec.slot - b.spec.slot);
}

function readSpec(folder: string): InstanceSpec | null {
  return readJson(path.join(folder, 'spec.json')) as InstanceSpec | null;
}

/** The launcher's record of the app's process; null until it has written it. */
export function readPid(folder: string): ProcessRecord | null {
  const match = /^(\d+) (\d+) (.+)\n$/.exec(readText(path.join(folder, 'pid')) ?? '');
  if (match === null) return null;
  return { pid: Number(match[1]), group: Number(match[2]), started: (match[3] ?? '').trim() };
}

/** How the app ended; null until the launcher has written it. */
export function readExit(folder: string): Exit | null {
  const file = path.join(folder, 'exit');
  const match = /^(\d+)\n$/.exec(readText(file) ?? '');
  return match === null ? null : { ...decodeStatus(Number(match[1])), at: statSync(file).mtimeMs };
}

/**
 * A shell says 128 + n for a child killed by signal n. An app that itself exits with such a number is read as killed:
 * the two cannot be told apart, and hardly any app does.
 */
export function decodeStatus(status: number): { code: number | null; signal: string | null } {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return signal === undefined ? { code: status, signal: null } : { code: null, signal };
}

/** Which limit the launcher could not set, if that is why it ended. */
export const readRefusal = (folder: string): string | null =>
  readText(path.join(folder, 'refused'))?.trim() ?? null;

/** Notes a moment. A disk that is full must not end the supervision: a note that cannot be written is left out. */
export function mark(folder: string, what: Mark, at: number): void {
  note(path.join(folder, what), `${at}\n`);
}

/** When it was noted, in ms since the epoch; null when it was not. */
export function readMark(folder: string, what: Mark): number | null {
  const text = readText(path.join(folder, what));
  return text === null ? null : Number(text);
}

/** Why Teal ended an instance, kept for whoever asks later. */
export function writeEnded(folder: string, ended: Ended): void {
  note(path.join(folder, 'ended.json'), `${JSON.stringify(ended)}\n`);
}

export const readEnded = (folder: string): Ended | null =>
  readJson(path.join(folder, 'ended.json')) as Ended | null;

/** Whole or not at all, for kill -9. No fsync: what ends the machine ends the processes these files are about. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

function note(file: string, text: string): void {
  try {
    writeWhole(file, text);
  } catch {
    // Without it, a later Teal takes the end for one that nobody asked for: one restart too many at worst.
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readText(file) ?? 'null');
  } catch {
    return null;
  }
}

function readText(file: string): string | null {
  try {
    // Looked for several times a second and mostly not there: asking first is far cheaper than an error.
    if (!existsSync(file)) return null;
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
