import type { Edit } from './edit.ts';
import type { Json } from '../../config/features.ts';
import type { Marker } from './marker.ts';
import type { Code } from './program.ts';
import type { TS } from './syntax.ts';

/** What a rule makes of a marker: edits that go together, a reason against, or null when it is not about this place. */
export type Outcome = readonly Edit[] | { readonly why: string; readonly at: TS.Node } | null;

export interface Rewriting {
  readonly code: Code;
  readonly keep: Json;
}

export type Rule = (marker: Marker, rewriting: Rewriting) => Outcome;

/** Of the value itself, not of a promise or details: those are true whatever they hold, and no rule may take them for it. */
export function isTruthy(marker: Marker): boolean {
  return Boolean(marker.value);
}
