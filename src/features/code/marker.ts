import type { Json } from '../../config/features.ts';
import { ts, type TS } from './syntax.ts';

/** In what the value comes: as it is, as `{ value, … }` of the …Details calls, or as a promise of either. */
export type Wrapping = 'value' | 'promise' | 'details' | 'promised-details';

/** `kept` is the flag's value where it is not a boolean. */
type Which = 'true' | 'false' | 'kept';

/**
 * A name of our own that stands in the text for what is known, while the rules run. So a `true` that was in the code before is never
 * taken for one that came from the flag. It carries the number of the call that it came from, for refusals.
 */
export interface Marker {
  readonly node: TS.Identifier;
  readonly wrapping: Wrapping;
  readonly value: Json;
  readonly seed: number;
}

const letters: Readonly<Record<Wrapping, string>> = {
  value: 'v',
  promise: 'p',
  details: 'd',
  'promised-details': 'q',
};
const pattern = /^__teal_(v|p|d|q)_(true|false|kept)_(\d+)__$/;
const anywhere = /__teal_(v|p|d|q)_(true|false|kept)_(\d+)__/g;

export function markerText(wrapping: Wrapping, value: Json, seed: number): string {
  const which: Which = value === true ? 'true' : value === false ? 'false' : 'kept';
  return `__teal_${letters[wrapping]}_${which}_${seed}__`;
}

/** @param kept the value that the flag keeps, for markers that say `kept` */
export function readMarker(node: TS.Node, kept: Json): Marker | null {
  if (!ts.isIdentifier(node)) return null;
  const [, letter, which, seed] = pattern.exec(node.text) ?? [];
  if (letter === undefined) return null;
  const wrapping = (Object.keys(letters) as Wrapping[]).find((each) => letters[each] === letter) ?? 'value';
  return { node, wrapping, value: which === 'kept' ? kept : which === 'true', seed: Number(seed) };
}

export function hasMarkers(text: string): boolean {
  return text.includes('__teal_');
}

/** Puts literals where markers are left. Details cannot be written as a literal: those left are returned. */
export function restoreMarkers(
  text: string,
  kept: Json,
): { readonly text: string; readonly stuck: readonly number[] } {
  const stuck: number[] = [];
  const restored = text.replaceAll(anywhere, (_, letter: string, which: string, seed: string) => {
    if (letter === 'd' || letter === 'q') stuck.push(Number(seed));
    const literal = which === 'kept' ? literalOf(kept, text) : which;
    return letter === 'p' ? `Promise.resolve(${literal})` : literal;
  });
  return { text: restored, stuck };
}

/** As JavaScript writes it, with the quotes that the file has more of. */
function literalOf(value: Json, text: string): string {
  if (typeof value !== 'string') {
    const json = JSON.stringify(value);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? `(${json})` : json;
  }
  const singles = text.split("'").length;
  if (singles < text.split('"').length) return JSON.stringify(value);
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
