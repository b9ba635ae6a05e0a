import path from 'node:path';
import { TealError } from '../errors.ts';
import { carryOut } from '../features/code/carry-out.ts';
import { unifiedDiff } from '../features/code/diff.ts';
import { isFinished } from '../features/code/grace.ts';
import { recover } from '../features/code/journal.ts';
import { readProject, type Project } from '../features/code/project.ts';
import { planRemoval, type Removal } from '../features/code/remove.ts';
import { loadSyntax } from '../features/code/syntax.ts';
import type { Json } from '../config/features.ts';
import { renderRemoval } from './render/flags.ts';
import type { Context, Result } from './shell/context.ts';
import { flagStates, namesIn, type StateFlags } from './shell/flag-states.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { report } from './shell/context.ts';
import { removalTexts } from './text.ts';

export interface FlagsRemoveFlags extends StateFlags {
  readonly keep?: string;
  readonly calls?: string;
  readonly dryRun?: boolean;
  readonly partial?: boolean;
  readonly check?: string;
  readonly noCheck?: boolean;
  readonly allowDirty?: boolean;
}

/** Takes a flag out of the code as if it always had one value, checks the result, and puts everything back when the check fails. */
export async function flagsRemove(
  this: Context,
  flags: FlagsRemoveFlags,
  flag: string,
  given?: string,
): Promise<Result | void> {
  const folder = path.resolve(this.cwd, given ?? '.');
  const keep = await valueToKeep(this, flags, flag);
  await loadSyntax();
  await tellRecovery(this, folder);
  const project = await readProject(folder);
  const removal = planRemoval(project.texts, {
    flag,
    keep,
    calls: namesIn(flags.calls),
    packages: project.packages,
    partial: flags.partial ?? false,
  });
  if (removal.refusals.length > 0 && flags.partial !== true) throw refused(flag, removal);
  if (flags.dryRun === true) return dryRun({ flag, keep, removal, project });
  const check = checkOf(flags, project);
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM'], () => undefined);
  try {
    if (removal.changed.size > 0)
      await write(this, flags, { removal, project, check, signal: interrupt.signal });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    report(this, error);
    this.exit = interruptedExit;
    return;
  }
  const done = { flag, keep, removal, check: removal.changed.size > 0 ? (check?.command ?? null) : null };
  return { json: { ...summary(done), written: true }, text: (view) => renderRemoval(done, view) };
}

interface Writing {
  readonly removal: Removal;
  readonly project: Project;
  readonly check: Project['check'];
  readonly signal: AbortSignal;
}

async function write(
  context: Context,
  flags: FlagsRemoveFlags,
  { removal, project, check, signal }: Writing,
): Promise<void> {
  if (check !== null) context.terminal.note(`$ ${check.command}`);
  await carryOut({
    folder: project.folder,
    files: [...removal.changed].map(([file, after]) => ({
      file,
      before: project.texts.get(file) ?? '',
      after,
    })),
    check,
    allowDirty: flags.allowDirty ?? false,
    signal,
    tell: (line) => context.terminal.note(`  ${line}`),
  });
}

/** What is given, else what the flag's release ended with. */
async function valueToKeep(context: Context, flags: FlagsRemoveFlags, flag: string): Promise<Json> {
  if (flags.keep !== undefined) return parseValue(flags.keep);
  const state = (await flagStates(context, flags)).find((each) => each.flag === flag);
  if (state === undefined) {
    throw new TealError('flag-unknown', `There is no flag ${flag}`, {
      remedy: `Say which value stays: teal flags remove ${flag} --keep true`,
      details: { flag },
    });
  }
  if (!isFinished(state) || state.keep === undefined) {
    throw new TealError('flag-unknown', `The value of ${flag} is not final: it is ${state.stage}`, {
      remedy: `Remove it when its release has ended, or say which value stays: teal flags remove ${flag} --keep true`,
      details: { flag, stage: state.stage },
    });
  }
  return state.keep;
}

/** `true`, `5`, `"5"` and `{"a":1}` as JSON; anything else is a text. */
function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

async function tellRecovery(context: Context, folder: string): Promise<void> {
  const found = await recover(folder);
  if (found === null) return;
  context.terminal.note(removalTexts.recovered(found.restored.length));
  for (const file of found.kept) context.terminal.note(removalTexts.kept(file));
}

function checkOf(flags: FlagsRemoveFlags, project: Project): Project['check'] {
  if (flags.noCheck === true) return null;
  return flags.check === undefined ? project.check : { command: flags.check, folder: project.folder };
}

function refused(flag: string, { refusals }: Removal): TealError {
  const count = refusals.length === 1 ? 'one place' : `${refusals.length} places`;
  return new TealError(
    'removal-refused',
    `${flag} cannot be removed surely in ${count}; nothing was changed`,
    {
      remedy: 'Change them by hand and run it again; or leave them and do the rest: --partial',
      details: {
        flag,
        places: refusals.map(({ file, line, column, what, why }) => ({ file, line, column, what, why })),
        output: refusals.map(({ file, line, what, why }) => `${file}:${line}  ${what}\n  ${why}`).join('\n'),
      },
    },
  );
}

interface Planned {
  readonly flag: string;
  readonly keep: Json;
  readonly removal: Removal;
}

function dryRun({ flag, keep, removal, project }: Planned & { readonly project: Project }): Result {
  const diff = [...removal.changed]
    .map(([file, after]) => unifiedDiff(file, project.texts.get(file) ?? '', after))
    .join('\n');
  return {
    json: { ...summary({ flag, keep, removal }), written: false, diff },
    text: (view) => (diff === '' ? renderRemoval({ flag, keep, removal, check: null }, view) : diff),
  };
}

function summary({ flag, keep, removal }: Planned): Record<string, unknown> {
  const { changed, calls, refusals, constants, left } = removal;
  return { flag, keep, calls, changed: [...changed.keys()], refusals, constants, left };
}
