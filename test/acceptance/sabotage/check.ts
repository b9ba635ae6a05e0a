import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { patched, type Patch } from './patch.ts';

/** What is wrong with a patch: the text it changes is not there once, or what comes of it cannot be loaded. Else null. */
export function checkPatch(patch: Patch): string | null {
  try {
    stripTypeScriptTypes(
      patched(readFileSync(new URL(`../../../${patch.file}`, import.meta.url), 'utf8'), patch),
    );
    return null;
  } catch (error) {
    return `this sabotage has rotted: ${(error as Error).message}`;
  }
}
