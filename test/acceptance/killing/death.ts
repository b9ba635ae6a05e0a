/** Says to `die-at-write.ts` when; known to tests only. */
export const deathVariable = 'ACCEPTANCE_DIE_AT';

/** What a control plane must be started with to end right before it does this for the n-th time. */
export function deathAt(kind: string, nth: number): Record<string, string> {
  return {
    [deathVariable]: `${kind} ${nth}`,
    NODE_OPTIONS: `--import ${new URL('die-at-write.ts', import.meta.url).href}`,
  };
}
