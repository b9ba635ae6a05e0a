import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { patched, type Patch } from './patch.ts';

/** What is wrong with a patch: the text it changes is not there once, or what comes of it cannot be loaded. */
export function checkPatch(patch: Patch): readonly string[] {
  try {
    stripTypeScriptTypes(
      patched(readFileSync(new URL(`../../../${patch.file}`, import.meta.url), 'utf8'), patch),
    );
    return [];
  } catch (error) {
    return [`a sabotage has rotted: ${(error as Error).message}`];
  }
}
