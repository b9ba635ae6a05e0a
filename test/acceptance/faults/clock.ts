/** Says to `jumping-clock.ts` where to look; known to tests only. */
export const clockVariable = 'ACCEPTANCE_CLOCK';

/** What a Teal must be started with for its clock to be ahead by as many milliseconds as this file says. */
export function clockEnvironment(file: string): Record<string, string> {
  return {
    [clockVariable]: file,
    NODE_OPTIONS: `--import ${new URL('jumping-clock.ts', import.meta.url).href}`,
  };
}
