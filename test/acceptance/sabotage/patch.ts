/** One change to the text of one source file. */
export interface Patch {
  /** From the root of the project. */
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Where `hook.ts` finds its patches, as JSON. Known to tests only. */
export const patchesVariable = 'ACCEPTANCE_PATCHES';

/** The sabotage of a scenario, for the process that runs it, as JSON; set by the runner. */
export const sabotageVariable = 'ACCEPTANCE_SABOTAGE';

/** The text with the patch in it. @throws Error when what it changes is not there exactly once: it has rotted */
export function patched(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds ${JSON.stringify(find)} ${parts.length - 1} times`);
  return parts.join(replace);
}

/** What a process must be started with for the patches to be in force in it and in all it starts. */
export function patchEnvironment(patches: readonly Patch[]): Record<string, string> {
  if (patches.length === 0) return {};
  return {
    [patchesVariable]: JSON.stringify(patches),
    NODE_OPTIONS: `--import ${new URL('hook.ts', import.meta.url).href}`,
  };
}
