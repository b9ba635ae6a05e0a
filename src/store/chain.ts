/**
 * What makes a changed row be noticed: each event has the hash of itself and of the one before it in its stream, and the stream has that of its last one,
 * so that no event can be changed, swapped, or exchanged for one of another place. It finds damage that leaves a database in order (a bit of a page, a row edited
 * by hand); it is no signature: who can write the file can write hashes, too.
 */
import { hash } from 'node:crypto';

/** Before the first event of a stream. */
export const noHash = '';

/** As they are in their columns. */
export interface Link {
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly type: string;
  /** JSON. */
  readonly data: string;
}

/** @param before the hash of the event before it */
export const linked = (before: string, { stream, version, at, actor, reason, type, data }: Link): string =>
  digest([before, stream, version, at, actor, reason, type, data]);

/** Of a snapshot, which stands for events that may be gone. */
export const sealed = (
  stream: string,
  { version, shape, state }: { readonly version: number; readonly shape: number; readonly state: string },
): string => digest([stream, version, shape, state]);

/** Texts as the database gives them back: half a character that JavaScript allows is replaced in UTF-8. */
function digest(values: readonly (string | number | null)[]): string {
  const stored = values.map((value) => (typeof value === 'string' ? value.toWellFormed() : value));
  return hash('sha256', JSON.stringify(stored)).slice(0, 32);
}
