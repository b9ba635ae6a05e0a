import type { StoredEvent } from '../../store/store.ts';
import type { AuditEntry, AuditReport } from '../contract-access.ts';
import { beginning, hashOfEntry } from './audit-entry.ts';

/** As many as a person reads; one change makes one or two. */
const mostTold = 20;

/** The entry up to which the chain was found whole. */
export interface Sound {
  readonly number: number;
  readonly previous: string;
  readonly hash: string;
}

/** Looks at the chain from its first entry to its newest, remembering one at a time: it may be longer than memory. */
export class Verifying {
  readonly #expected: string | null;
  readonly #from: Sound | null;
  readonly #problems: { readonly number: number; readonly says: string }[] = [];
  #found: boolean;
  #entries: number;
  #sound: Sound | null = null;
  /** The entry before the next one. */
  #last: { readonly number: number; readonly hash: string };

  /**
   * @param expected a hash that has to be in the chain
   * @param from where it goes on: this entry is looked at again, since only what is still there can be followed
   */
  constructor(expected: string | null, from: Sound | null = null) {
    this.#expected = expected;
    this.#from = from;
    // Before the first there is nothing, and that is always so.
    this.#found = expected === null || expected === beginning;
    this.#last =
      from === null ? { number: 0, hash: beginning } : { number: from.number - 1, hash: from.previous };
    this.#entries = this.#last.number;
  }

  /** The number of the newest that was looked at. */
  get last(): number {
    return this.#last.number;
  }

  /** The newest up to which nothing is wrong; null when there is none. */
  get sound(): Sound | null {
    return this.#sound;
  }

  look({ version, at, actor, data }: StoredEvent): void {
    const entry = data as AuditEntry;
    const { number, hash } = this.#last;
    this.#entries++;
    if (entry.hash === this.#expected) this.#found = true;
    if (version !== number + 1) this.#gap(number + 1, version - 1);
    else if (entry.previous !== hash)
      this.#tell(version, number === 0 ? 'it says that there was one before it' : notAfter(number));
    if (hashOfEntry(entry) !== entry.hash) this.#tell(version, 'its hash is not that of what it says');
    if (entry.number !== version || entry.at !== at || entry.actor !== actor)
      this.#tell(version, 'number, time or actor are not those it was stored with');
    if (version === this.#from?.number && entry.hash !== this.#from.hash)
      this.#tell(version, 'it is not what it was when it was last looked at');
    this.#last = { number: version, hash: entry.hash };
    if (this.#problems.length === 0)
      this.#sound = { number: version, previous: entry.previous, hash: entry.hash };
  }

  /** @param whole whether the stream ends where its newest entry is */
  report(whole: boolean): AuditReport {
    const { number, hash } = this.#last;
    if (!whole || number < (this.#from?.number ?? 0))
      this.#tell(number + 1, 'it and what followed are gone from the end');
    const lost = {
      number: 0,
      says: `no entry has the hash ${this.#expected}: the chain was made anew, or cut off`,
    };
    const problems = [...(this.#found ? [] : [lost]), ...this.#problems].slice(0, mostTold);
    return { ok: problems.length === 0, entries: this.#entries, head: number === 0 ? null : hash, problems };
  }

  #gap(from: number, to: number): void {
    this.#tell(from, from === to ? 'it is missing' : `${from} to ${to} are missing`);
  }

  #tell(number: number, says: string): void {
    if (this.#problems.length < mostTold) this.#problems.push({ number, says });
  }
}

const notAfter = (number: number): string => `it does not follow from entry ${number}`;
