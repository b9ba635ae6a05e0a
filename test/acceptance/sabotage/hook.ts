/**
 * Preloaded (`--import`) into every process of a Teal under test: changes the text of single source files as they are
 * loaded. Production code has no switch for this, and needs none.
 */
import { registerHooks } from 'node:module';
import { patched, patchesVariable, type Patch } from './patch.ts';

const patches = JSON.parse(process.env[patchesVariable] ?? '[]') as readonly Patch[];
const root = new URL('../../../', import.meta.url);
const byUrl = Map.groupBy(patches, ({ file }) => new URL(file, root).href);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const wanted = byUrl.get(url);
    if (wanted === undefined) return loaded;
    const { source } = loaded;
    const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString();
    return { ...loaded, source: wanted.reduce(patched, text) };
  },
});
