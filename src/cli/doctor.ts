import { existsSync, readFileSync } from 'node:fs';
import { version } from '../config/version.ts';
import type { Check } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import { connectControl } from './client.ts';
import { renderChecks } from './render/checks.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { findConfig } from './shell/locate.ts';
import { serverOf } from './shell/place.ts';

export interface DoctorFlags extends CommonFlags {
  readonly security?: boolean;
}

/** Looks at this machine, at teal.yaml, and at what the running Teal says of itself. */
export async function doctor(this: Context, flags: DoctorFlags): Promise<Result> {
  if (flags.security === true) return shown(await (await connectControl(this, flags)).security());
  const far = serverOf(flags, this) !== null;
  const configuration = far ? [] : [await configurationCheck(this, flags)];
  const checks = [nodeCheck(), ...configuration, ...(await controlChecks(this, flags))];
  return shown(checks);
}

const shown = (checks: readonly Check[]): Result => ({
  json: checks,
  text: (view) => renderChecks(checks, view),
  exit: checks.some(({ state }) => state === 'failed') ? 1 : 0,
});

function nodeCheck(): Check {
  return {
    name: 'node',
    state: 'ok',
    says: `teal ${version} on node ${process.versions.node}`,
    remedy: null,
  };
}

async function configurationCheck(context: Context, flags: CommonFlags): Promise<Check> {
  try {
    const file = findConfig(flags.config, context);
    const { checkConfig } = await import('../config/load.ts');
    const problems = checkConfig(readFileSync(file, 'utf8'), file);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (errors > 0) {
      return {
        name: 'config',
        state: 'failed',
        says: `${file} has ${errors} mistakes`,
        remedy: 'teal config check',
      };
    }
    return { name: 'config', state: 'ok', says: `${file} is valid`, remedy: null };
  } catch (error) {
    return failed('config', error);
  }
}

async function controlChecks(context: Context, flags: CommonFlags): Promise<readonly Check[]> {
  try {
    const client = await connectControl(context, flags);
    const { at } = client;
    const socket = typeof at === 'string' && existsSync(at) ? at : null;
    try {
      return [
        {
          name: 'control',
          state: 'ok',
          says: `answers ${typeof at === 'string' ? `on ${at}` : `at ${at.url}`}`,
          remedy: null,
        },
        ...(await client.doctor()),
      ];
    } catch (error) {
      const check = failed('control', error);
      return socket === null ? [check] : [check, leftSocket(socket)];
    }
  } catch (error) {
    return [failed('control', error)];
  }
}

function leftSocket(socket: string): Check {
  return {
    name: 'socket',
    state: 'warning',
    says: `${socket} is there, but nobody serves it: the control plane ended without cleaning up`,
    remedy: 'teal up goes on where it was',
  };
}

function failed(name: string, error: unknown): Check {
  if (!(error instanceof TealError)) throw error;
  return { name, state: 'failed', says: error.message, remedy: error.remedy };
}
