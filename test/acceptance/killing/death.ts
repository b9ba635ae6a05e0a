/** Says to `die-at-write.ts` when; known to tests only. */
export const deathVariable = 'ACCEPTANCE_DIE_AT';

/**
 * What a control plane must be started with to end right before it does this for the n-th time.
 * @param where counts only what is done to a path that contains it
 */
export function deathAt(kind: string, nth: number, where = ''): Record<string, string> {
  return {
    [deathVariable]: `${kind} ${nth} ${where}`,
    NODE_OPTIONS: `--import ${new URL('die-at-write.ts', import.meta.url).href}`,
  };
}
