import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { parseFlagStates, type FlagState } from '../../features/flag-state.ts';
import { connectControl } from '../client.ts';
import type { CommonFlags, Context } from './context.ts';

export interface StateFlags extends CommonFlags {
  readonly flags?: string;
}

/** The states of flags: of the file that is named, else of the control plane. @throws TealError `flags-invalid`, or why nobody can be asked */
export async function flagStates(context: Context, flags: StateFlags): Promise<readonly FlagState[]> {
  if (flags.flags !== undefined) return fromFile(path.resolve(context.cwd, flags.flags));
  try {
    const client = await connectControl(context, flags);
    return parseFlagStates(await client.flags(), 'the control plane');
  } catch (error) {
    if (!(error instanceof TealError) || error.code === 'flags-invalid') throw error;
    throw new TealError(error.code, error.message, {
      remedy: `${error.remedy}\nOr say what flags there are: --flags flags.json (docs/flags.md)`,
      details: error.details,
      cause: error,
    });
  }
}

async function fromFile(file: string): Promise<readonly FlagState[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new TealError('flags-invalid', `${file} cannot be read: ${(cause as Error).message}`, {
      remedy: 'Name a file with a list of flags (docs/flags.md).',
      details: { file },
      cause,
    });
  }
  return parseFlagStates(value, file);
}

/** `isEnabled,useFeature` → names. */
export function namesIn(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
