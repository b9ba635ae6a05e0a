import type { StoredEvent } from '../../store/store.ts';
import type { AuditEntry, AuditReport } from '../contract-access.ts';
import { beginning, hashOfEntry } from './audit-entry.ts';

/** As many as a person reads; one change makes one or two. */
const mostTold = 20;

/** Looks at the chain from its newest entry to its first, remembering one at a time: it may be longer than memory. */
export class Verifying {
  readonly #expected: string | null;
  readonly #problems: { readonly number: number; readonly says: string }[] = [];
  #entries = 0;
  #newest = 0;
  #head: string | null = null;
  #found: boolean;
  /** What the entry looked at before, which comes after, says of this one. */
  #next: { readonly number: number; readonly previous: string } | null = null;

  constructor(expected: string | null) {
    this.#expected = expected;
    // Before the first there is nothing, and that is always so.
    this.#found = expected === null || expected === beginning;
  }

  get newest(): number {
    return this.#newest;
  }

  look({ version, at, actor, data }: StoredEvent): void {
    const entry = data as AuditEntry;
    this.#entries++;
    if (this.#head === null) {
      this.#head = entry.hash;
      this.#newest = version;
    }
    if (entry.hash === this.#expected) this.#found = true;
    if (hashOfEntry(entry) !== entry.hash) this.#tell(version, 'its hash is not that of what it says');
    if (entry.number !== version || entry.at !== at || entry.actor !== actor)
      this.#tell(version, 'number, time or actor are not those it was stored with');
    this.#compare(version, entry.hash);
    this.#next = { number: version, previous: entry.previous };
  }

  /** @param whole whether the stream ends where its newest entry is */
  report(whole: boolean): AuditReport {
    const first = this.#next;
    if (first !== null && first.number !== 1) this.#gap(1, first.number - 1);
    if (first?.number === 1 && first.previous !== beginning)
      this.#tell(1, 'it says that there was one before it');
    if (!whole) this.#tell(this.#newest + 1, 'it and what followed are gone from the end');
    if (!this.#found)
      this.#tell(0, `no entry has the hash ${this.#expected}: the chain was made anew, or cut off`);
    return {
      ok: this.#problems.length === 0,
      entries: this.#entries,
      head: this.#head,
      problems: this.#problems.toSorted((a, b) => a.number - b.number).slice(0, mostTold),
    };
  }

  #compare(version: number, hash: string): void {
    const next = this.#next;
    if (next === null) return;
    if (next.number !== version + 1) this.#gap(version + 1, next.number - 1);
    else if (next.previous !== hash) this.#tell(next.number, `it does not follow from entry ${version}`);
  }

  #gap(from: number, to: number): void {
    this.#tell(from, from === to ? 'it is missing' : `${from} to ${to} are missing`);
  }

  #tell(number: number, says: string): void {
    this.#problems.push({ number, says });
  }
}
