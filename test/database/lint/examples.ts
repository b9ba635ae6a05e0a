import type { Examples } from './examples/example.ts';
import { others } from './examples/others.ts';
import { tables } from './examples/tables.ts';

/** At least three for each rule; what they are of is told by a name that the rules have. */
export const examples: Readonly<Record<string, Examples>> = { ...tables, ...others };
