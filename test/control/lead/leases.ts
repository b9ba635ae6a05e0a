/** A lease in memory, on a clock that a test moves; a renewal may be held up, or fail. */
import type { Candidate, Leases, LeaseView } from '../../../src/store/lease.ts';

export class FakeLeases implements Leases {
  /** Of the store. */
  now = 0;
  term = 0;
  until = -Infinity;
  holder: Candidate | null = null;
  ended = false;
  /** Awaited by every renewal before and after it is done. */
  before: () => Promise<void> = async () => undefined;
  after: () => Promise<void> = async () => undefined;
  renewals = 0;

  async look(): Promise<LeaseView | null> {
    if (this.holder === null) return null;
    return { ...this.holder, term: this.term, since: 0, leftMs: this.until - this.now, ended: this.ended };
  }

  async take(who: Candidate, ms: number, behind = 0): Promise<number | null> {
    const free = this.until <= this.now || this.holder?.name === who.name;
    if (!free || (this.ended && this.term === behind)) return null;
    this.term += 1;
    this.until = this.now + ms;
    this.holder = who;
    this.ended = false;
    return this.term;
  }

  async renew(term: number, ms: number): Promise<boolean> {
    await this.before();
    const renewed = term === this.term;
    if (renewed) {
      this.until = this.now + ms;
      this.renewals += 1;
    }
    await this.after();
    return renewed;
  }

  async release(term: number, ended: boolean): Promise<void> {
    if (term !== this.term) return;
    this.until = this.now;
    this.ended = ended;
  }

  async close(): Promise<void> {}
}
