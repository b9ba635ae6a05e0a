import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status } from '../control/contract.ts';
import type { UpgradeResult } from '../control/upgrade/contract.ts';
import { TealError } from '../errors.ts';
import { connectControl, type Client } from './client.ts';
import { renderUpgrade, type Upgraded } from './render/upgrade.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { pause } from './shell/watch.ts';
import { upgradeTexts } from './text.ts';

export interface UpgradeFlags extends CommonFlags {
  readonly to?: string;
  readonly drain?: number;
  readonly wait?: boolean;
  readonly timeout?: number;
}

const lookEveryMs = 100;
/** A control plane that has not taken over by then, and has not been put back either, is not going to. */
const patienceMs = 120_000;

/** Replaces the control plane and the routers of the running Teal by this one's, or by another's on this machine. */
export async function upgrade(this: Context, flags: UpgradeFlags): Promise<Result | void> {
  const client = await connectControl(this, flags);
  const program = programAt(flags.to === undefined ? ownRoot() : path.resolve(this.cwd, flags.to));
  const before = await client.status();
  const begun = await client.upgrade({
    program,
    node: process.execPath,
    ...(flags.drain === undefined ? {} : { drainMs: flags.drain }),
  });
  if (!this.json) this.terminal.note(upgradeTexts.routers(begun.router));
  using interrupt = onInterrupt();
  const until = Date.now() + (flags.timeout ?? Infinity);
  let status = await replaced(client, interrupt.signal, Math.min(until, Date.now() + patienceMs));
  while (flags.wait === true && status !== null && carried(status) > 0) {
    if (Date.now() > until) throw late(status);
    await pause(lookEveryMs, interrupt.signal);
    status = interrupt.signal.aborted ? null : await look(client);
  }
  if (status === null) {
    this.terminal.note(upgradeTexts.interrupted);
    this.exit = interruptedExit;
    return;
  }
  const upgraded = factsOf(begun, before, status);
  return { json: upgraded, text: (view) => renderUpgrade(upgraded, view) };
}

/** Null when interrupted. @throws TealError why the control plane before is there again */
async function replaced(client: Client, signal: AbortSignal, until: number): Promise<Status | null> {
  while (!signal.aborted) {
    const status = await look(client, Date.now() > until);
    const view = status?.upgrade ?? null;
    if (view?.state === 'failed' && view.error !== null) throw TealError.from(view.error);
    if (view?.state === 'done') return status;
    await pause(lookEveryMs, signal);
  }
  return null;
}

/** Null while nobody answers, which is not for long. */
async function look(client: Client, last = false): Promise<Status | null> {
  try {
    return await client.status();
  } catch (error) {
    if (!last && error instanceof TealError && error.code === 'control-unavailable') return null;
    throw error;
  }
}

function factsOf({ from, to, drainMs }: UpgradeResult, before: Status, after: Status): Upgraded {
  const cut = (status: Status): number => status.router?.handOvers?.cut ?? 0;
  return {
    from,
    to,
    drainMs,
    control: { before: before.pid, now: after.pid },
    router: { before: before.router?.pid ?? null, now: after.router?.pid ?? null },
    leaving: after.router?.leaving ?? [],
    cut: cut(after) - cut(before),
  };
}

/** @param named a checkout, an installed package, or its `bin/teal.js`, also by a link */
function programAt(named: string): string {
  const found = existsSync(named) ? realpathSync(named) : null;
  const file = found !== null && statSync(found).isDirectory() ? path.join(found, 'bin/teal.js') : found;
  if (file !== null && existsSync(file)) return file;
  throw new TealError('usage', `There is no Teal at ${named}`, {
    remedy: 'Name the folder of the package, or its bin/teal.js: teal upgrade --to /opt/teal-2',
    details: { path: named },
  });
}

/** Two directories up, from src/cli and from dist/cli alike. */
const ownRoot = (): string => fileURLToPath(new URL('../..', import.meta.url));

/** Requests and streams. A connection on which nothing comes is not waited for: it ends when it has been idle for long. */
const carried = ({ router }: Status): number =>
  (router?.leaving ?? []).reduce((sum, { inFlight }) => sum + inFlight, 0);

function late(status: Status): TealError {
  const left = carried(status);
  return new TealError('timed-out', `${left} requests and streams are still open at the routers before`, {
    remedy: 'They end by themselves or at their deadline. Look with: teal status',
    details: { inFlight: left },
  });
}
