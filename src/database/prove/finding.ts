import type { Prepared } from './prepare.ts';

/**
 * `broken`: the statement fails, whatever its values · `risk`: it fails for some values or rows · `client-visible`: it works, but gives
 * or means something else · `unproven`: nothing can be said.
 */
export const verdicts = ['broken', 'risk', 'client-visible', 'unproven'] as const;

export type Verdict = (typeof verdicts)[number];

/** What told of it. */
export type Channel = 'parse' | 'plan' | 'trial' | 'signature' | 'catalog';

/** What one statement will feel. */
export interface Felt {
  readonly prepared: Prepared;
  readonly verdict: Verdict;
  readonly channel: Channel;
  /** In words, the same for every statement that feels the same. */
  readonly what: string;
  /** A statement that only reads, and counts rows that are in the way; null: there is nothing to count. */
  readonly check: string | null;
  /** It reads what only a newer version writes, and what its own version has never met: an enum's new value, a NULL. */
  readonly unheard?: true;
}
