/** Says to `full-disk.ts` where to look; known to tests only. */
export const diskVariable = 'ACCEPTANCE_DISK_FULL';

/** What a control plane must be started with for its disk to be full while there is this file. */
export function diskEnvironment(file: string): Record<string, string> {
  return {
    [diskVariable]: file,
    NODE_OPTIONS: `--import ${new URL('full-disk.ts', import.meta.url).href}`,
  };
}
