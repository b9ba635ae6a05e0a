/**
 * Linux control groups, version 2: one group per limited instance.
 *
 * A group that holds processes cannot hand controllers down (the root of the tree excepted), so ours are made beside
 * Teal's own group where that parent is delegated to us and empty, else at the root when we may write there.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Limits } from '../../config/config.ts';

const controllers = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof controllers)[number];

export type CgroupLimits = Pick<Limits, 'memoryBytes' | 'cpus' | 'processes'>;

/** Where groups can be made, or why nowhere. */
export interface CgroupRoot {
  readonly path: string | null;
  readonly controllers: readonly Controller[];
  /** Null when `path` is not. */
  readonly missing: string | null;
  readonly remedy: string;
}

const mount = '/sys/fs/cgroup';
const remedy =
  'Run Teal as a systemd service with Delegate=yes and DelegateSubgroup=control, on a machine with cgroup v2.';
// The kernel's default period; the quota is counted against it.
const cpuPeriodUs = 100_000;
const prefix = 'teal-';

/** Looks for a group below which limited groups can be made. */
export function findCgroupRoot(tree: string = mount, own: string = ownGroup()): CgroupRoot {
  const none = (missing: string): CgroupRoot => ({ path: null, controllers: [], missing, remedy });
  if (!existsSync(path.join(tree, 'cgroup.controllers'))) return none(`there is no cgroup v2 at ${tree}`);
  const candidates = [path.dirname(path.join(tree, own)), tree];
  for (const candidate of candidates) {
    const usable = enable(candidate, tree);
    if (usable.length > 0) return { path: candidate, controllers: usable, missing: null, remedy };
  }
  return none(`no cgroup that Teal may use: tried ${candidates.join(' and ')}`);
}

/** The path of this process's group in the v2 tree, as in `0::/system.slice/teal.service`. */
function ownGroup(): string {
  try {
    return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  } catch {
    return '/';
  }
}

/** Hands the controllers down to the children of `group`; returns those that are. */
function enable(group: string, tree: string): readonly Controller[] {
  try {
    accessSync(group, constants.W_OK);
    if (group !== tree && readWords(group, 'cgroup.procs').length > 0) return [];
    const available = readWords(group, 'cgroup.controllers');
    const handed = new Set(readWords(group, 'cgroup.subtree_control'));
    for (const name of controllers) {
      if (available.includes(name) && !handed.has(name)) hand(group, name);
    }
    return controllers.filter((name) => readWords(group, 'cgroup.subtree_control').includes(name));
  } catch {
    return [];
  }
}

function hand(group: string, controller: Controller): void {
  try {
    writeFileSync(path.join(group, 'cgroup.subtree_control'), `+${controller}`);
  } catch {
    // Refused by the kernel: what can be used is read back afterwards.
  }
}

const readWords = (group: string, file: string): readonly string[] =>
  readFileSync(path.join(group, file), 'utf8')
    .split(/\s+/)
    .filter((word) => word !== '');

/** Where an instance's group will be. */
export const cgroupOf = (root: string, id: string): string => path.join(root, `${prefix}${id}`);

/** Makes the instance's group, with its limits. */
export function createCgroup(group: string, limits: CgroupLimits): void {
  mkdirSync(group, { recursive: true });
  const set = (file: string, value: string | null): void => {
    if (value !== null) writeFileSync(path.join(group, file), value);
  };
  set('memory.max', limits.memoryBytes === null ? null : String(limits.memoryBytes));
  // Without this the limit would only push the app into swap.
  if (limits.memoryBytes !== null && existsSync(path.join(group, 'memory.swap.max')))
    set('memory.swap.max', '0');
  set('cpu.max', limits.cpus === null ? null : `${Math.round(limits.cpus * cpuPeriodUs)} ${cpuPeriodUs}`);
  set('pids.max', limits.processes === null ? null : String(limits.processes));
}

/** Removes the group of an instance that has ended; one that still holds a process stays until the next time. */
export function removeCgroup(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Not there, or a process is still ending in it: `sweepCgroups` comes again.
  }
}

/** Removes the groups that no instance uses. */
export function sweepCgroups(root: CgroupRoot, inUse: ReadonlySet<string>): void {
  if (root.path === null) return;
  for (const name of readdirSync(root.path).filter((entry) => entry.startsWith(prefix))) {
    const group = path.join(root.path, name);
    if (!inUse.has(group)) removeCgroup(group);
  }
}
