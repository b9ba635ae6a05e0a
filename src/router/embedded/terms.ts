import { TealError } from '../../errors.ts';

/**
 * Of several control planes one leads, by a term that rises with each. Whoever has been followed by another is refused from the next one's first
 * word on, whatever it asks for: it may have been stopped in the middle of what it did, and not know yet. Kept in memory, and told to a router that takes over: the tables on
 * disk are fenced by their generation, of which every leader reserves its own above those of all before.
 */
export class Terms {
  #highest = 0;

  /** None has led: where there is one control plane, or of before. */
  get highest(): number {
    return this.#highest;
  }

  /** @param term none: there is one control plane @throws TealError `not-leader` */
  admit(term: number | undefined): void {
    if (term === undefined) return;
    if (term < this.#highest) throw deposed(term, this.#highest);
    this.#highest = term;
  }
}

function deposed(term: number, current: number): TealError {
  return new TealError(
    'not-leader',
    `the router follows another control plane since (term ${current}; this one had ${term})`,
    { remedy: 'see who leads, and do it there: teal status', details: { term, current } },
  );
}
