/** Prepares and launches one instance: everything that can be refused is refused before a process is started. */
import { TealError } from '../../errors.ts';
import type { Workload } from '../platform.ts';
import { cgroupOf, createCgroup } from './cgroup.ts';
import { resolveCommand } from './command.ts';
import type { Context } from './context.ts';
import { instanceEnvironment, roleEnvironment } from './environment.ts';
import { createFolder, removeFolder, type InstanceSpec } from './folder.ts';
import { launch } from './launcher.ts';
import { planLimits, type LimitPlan } from './limits.ts';
import { freePort } from './port.ts';
import type { ProcessRecord } from './processes.ts';

/** Where instances listen: nobody but this machine's router has business with them. */
const host = '127.0.0.1';

/**
 * Whether the workload could be launched, with nothing started.
 * @throws TealError `directory-not-found`, `command-not-found`, `secret-missing`, `limits-unsupported`
 */
export function checkWorkload(
  workload: Workload,
  context: Context,
): { argv: readonly string[]; plan: LimitPlan } {
  const { environment, command, limits } = workload.spec;
  const searchPath = roleEnvironment(environment, context.own)['PATH'] ?? '';
  const argv = resolveCommand(command, workload.directory, searchPath);
  return { argv, plan: planLimits(limits, context.support) };
}

export interface Launched {
  readonly spec: InstanceSpec;
  readonly folder: string;
  readonly launcher: ProcessRecord;
}

/**
 * Launches an instance of the workload in a slot.
 * @throws TealError as `checkWorkload`; anything else is for `launchFailure`
 */
export async function launchInstance(
  workload: Workload,
  slot: number,
  crashes: number,
  context: Context,
): Promise<Launched> {
  const { argv, plan } = checkWorkload(workload, context);
  const spec = await describe(workload, { slot, crashes, limited: plan.cgroup !== null }, context);
  const environment = instanceEnvironment(spec, context.own);
  const folder = await createFolder(context.data, spec);
  try {
    const { cgroup, directory } = spec;
    if (cgroup !== null && plan.cgroup !== null) createCgroup(cgroup, plan.cgroup);
    context.fence();
    const launcher = await launch({ folder, argv, directory, environment, ulimits: plan.ulimits, cgroup });
    return { spec, folder, launcher };
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

async function describe(
  workload: Workload,
  slot: { readonly slot: number; readonly crashes: number; readonly limited: boolean },
  context: Context,
): Promise<InstanceSpec> {
  const { app, colour, role } = workload;
  const id = `${app}-${colour}-${role}-${context.randomId()}`;
  const root = slot.limited ? context.support.cgroup.path : null;
  return {
    app,
    colour,
    role,
    id,
    version: workload.version,
    directory: workload.directory,
    spec: workload.spec,
    restart: workload.restart,
    slot: slot.slot,
    host,
    port: workload.spec.kind === 'web' ? await freePort(host) : null,
    cgroup: root === null ? null : cgroupOf(root, id),
    startedAt: context.now(),
    crashes: slot.crashes,
  };
}

/** What a failed launch is to a person. */
export function launchFailure(cause: unknown, workload: Workload): TealError {
  if (cause instanceof TealError) return cause;
  const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
  const message = `${workload.app} ${workload.version} (${workload.role}) could not be launched: ${String(cause)}`;
  return new TealError(full ? 'disk-full' : 'internal', message, {
    remedy: full ? 'Make room on the disk that holds `data`.' : 'Please report this, with the message.',
    cause,
  });
}
