import { readFileSync } from 'node:fs';

/**
 * What this build of the shop is: written by ../build.ts into the version's folder, never changed afterwards.
 * @type {{ version: string, theme: string, css: string, js: string, broken: string | null, failAfter: number }}
 */
export const build = JSON.parse(readFileSync(new URL('version.json', import.meta.url), 'utf8'));
