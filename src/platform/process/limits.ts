/** Limits are enforced or refused, never ignored: which of them this machine can enforce, and by what. */
import { execFileSync } from 'node:child_process';
import type { Limits } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import { findCgroupRoot, type CgroupLimits, type CgroupRoot, type Controller } from './cgroup.ts';

/** What the launcher sets by `ulimit` before it becomes the app. */
export interface Ulimits {
  readonly openFiles: number | null;
  readonly processes: number | null;
}

/** How an instance's limits will be enforced. */
export interface LimitPlan {
  readonly ulimits: Ulimits;
  /** What goes into a cgroup of its own; null when nothing does. */
  readonly cgroup: CgroupLimits | null;
}

/** What the machine offers. */
export interface LimitSupport {
  readonly cgroup: CgroupRoot;
  /** RLIMIT_NPROC does not hold for root. */
  readonly root: boolean;
  /** How far `ulimit -n` may be raised; Infinity for root and where there is no bound. */
  readonly maxOpenFiles: number;
}

/** Looks at this machine. */
export function limitSupport(): LimitSupport {
  const root = process.getuid?.() === 0;
  return { cgroup: findCgroupRoot(), root, maxOpenFiles: root ? Infinity : hardOpenFiles() };
}

function hardOpenFiles(): number {
  const said = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return /^\d+$/.test(said) ? Number(said) : Infinity;
}

/**
 * Decides how the limits are enforced.
 * @throws TealError `limits-unsupported` when one of them cannot be
 */
export function planLimits(limits: Limits, support: LimitSupport): LimitPlan {
  const problem = checkLimits(limits, support);
  if (problem !== null) throw problem;
  const processesByCgroup = limits.processes !== null && offers(support, 'pids');
  const cgroup: CgroupLimits = {
    memoryBytes: limits.memoryBytes,
    cpus: limits.cpus,
    processes: processesByCgroup ? limits.processes : null,
  };
  const wanted = Object.values(cgroup).some((value) => value !== null);
  return {
    ulimits: { openFiles: limits.openFiles, processes: processesByCgroup ? null : limits.processes },
    cgroup: wanted ? cgroup : null,
  };
}

/** Whether this machine can enforce the limits: null, or the `limits-unsupported` error that says what is missing. */
export function checkLimits(limits: Limits, known?: LimitSupport): TealError | null {
  // Where nothing is asked for, the machine need not be looked at.
  if (Object.values(limits).every((limit) => limit === null)) return null;
  const support = known ?? limitSupport();
  return (
    needsCgroup('memory', limits.memoryBytes, 'memory', support) ??
    needsCgroup('cpus', limits.cpus, 'cpu', support) ??
    checkProcesses(limits.processes, support) ??
    checkOpenFiles(limits.openFiles, support)
  );
}

const offers = (support: LimitSupport, controller: Controller): boolean =>
  support.cgroup.path !== null && support.cgroup.controllers.includes(controller);

function needsCgroup(
  limit: string,
  value: number | null,
  controller: Controller,
  support: LimitSupport,
): TealError | null {
  if (value === null || offers(support, controller)) return null;
  const why =
    support.cgroup.missing ?? `the cgroup ${support.cgroup.path} has no \`${controller}\` controller`;
  return unsupported(limit, value, why, support.cgroup.remedy);
}

function checkProcesses(value: number | null, support: LimitSupport): TealError | null {
  if (value === null || offers(support, 'pids') || !support.root) return null;
  const why = `root is exempt from \`ulimit -u\`, and ${support.cgroup.missing ?? 'the `pids` controller is missing'}`;
  return unsupported(
    'processes',
    value,
    why,
    `Run Teal as a user other than root, or: ${support.cgroup.remedy}`,
  );
}

function checkOpenFiles(value: number | null, support: LimitSupport): TealError | null {
  if (value === null || value <= support.maxOpenFiles) return null;
  const why = `this user may open ${support.maxOpenFiles} files at most`;
  return unsupported(
    'open-files',
    value,
    why,
    'Raise the hard limit of the user (LimitNOFILE= in systemd), or lower this one.',
  );
}

function unsupported(limit: string, value: number, why: string, remedy: string): TealError {
  return new TealError('limits-unsupported', `the limit ${limit}: ${value} cannot be enforced here: ${why}`, {
    remedy: `${remedy} Or remove the limit.`,
    details: { limit, value },
  });
}

/** One sentence per limit, for `teal doctor`. */
export function describeLimitSupport(
  support: LimitSupport = limitSupport(),
): readonly { readonly limit: keyof Limits; readonly enforced: boolean; readonly how: string }[] {
  const byCgroup = (limit: keyof Limits, controller: Controller) => ({
    limit,
    enforced: offers(support, controller),
    how: offers(support, controller)
      ? `by a cgroup below ${support.cgroup.path}`
      : (support.cgroup.missing ?? `no \`${controller}\` controller in ${support.cgroup.path}`),
  });
  const processes = byCgroup('processes', 'pids');
  return [
    byCgroup('memoryBytes', 'memory'),
    byCgroup('cpus', 'cpu'),
    processes.enforced || support.root
      ? processes
      : { limit: 'processes', enforced: true, how: 'by `ulimit -u`, which counts all processes of the user' },
    { limit: 'openFiles', enforced: true, how: `by \`ulimit -n\`, up to ${support.maxOpenFiles}` },
  ];
}
