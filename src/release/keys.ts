import { idSeconds } from '../audience/signed.ts';

/** What cookies and previews of an app are signed with, by name: the secrets themselves are in no event and no state. */
export interface KeyRing {
  /** The first signs, all verify. Empty: `firstKey`, since nobody knows when. */
  readonly known: readonly { readonly id: string; readonly since: number }[];
  /** Only verifies: routers have to know it before any of them signs with it. */
  readonly next: string | null;
}

/** Of every app from its beginning on. */
export const firstKey = 'k1';
export const firstRing: KeyRing = { known: [], next: null };

/** Nothing that a key has signed lives longer. */
const longestMs = idSeconds * 1000;

/** How long a key signs: four times a year each browser gets new cookies, which costs it one header line. */
export const keySignsMs = 90 * 86_400_000;

/** Knows from when on the first key has signed. */
export const begun = (ring: KeyRing, at: number): KeyRing =>
  ring.known.length > 0 ? ring : { ...ring, known: [{ id: firstKey, since: at }] };

/** The name of the key that comes after the one that signs. */
export function following({ known, next }: KeyRing): string {
  return next ?? `k${Number((known[0]?.id ?? firstKey).slice(1)) + 1}`;
}

/** The next key signs, and the others verify as long as anything that they signed is good. */
export function rotated({ known, next }: KeyRing, at: number): KeyRing {
  if (next === null) return { known, next };
  const before = known.length > 0 ? known : [{ id: firstKey, since: 0 }];
  const all = [{ id: next, since: at }, ...before];
  const good = all.filter((_, index) => (all[index - 1]?.since ?? at) + longestMs > at);
  return { known: good, next: null };
}

/** All that verify, the one that signs first. */
export const keyIds = ({ known, next }: KeyRing): readonly string[] => [
  ...(known.length > 0 ? known.map(({ id }) => id) : [firstKey]),
  ...(next === null ? [] : [next]),
];

/** The key has signed for long enough. One that nobody knows the age of is left to people. */
export const isOld = ({ known }: KeyRing, now: number): boolean =>
  known[0] !== undefined && now - known[0].since >= keySignsMs;
