/**
 * Who was there and how often, from any number of requests in bounded memory: exact up to some number of people, from then on of a sample of
 * them. A person is in the sample when a hash of them lies below a limit, which is halved whenever the sample is full; who was in it from the
 * start has been counted from the start, so that sums over the sample, divided by its share, are unbiased (adaptive sampling, Flajolet 1990).
 */
import { bucketOf, buckets } from '../../audience/bucket.ts';

export interface Person {
  /** The index of the first exposure that reaches them; as many as there are when none does. */
  from: number;
  /** Of each population, and then of each whose requests are copied, whether they belong to it. */
  readonly belongs: readonly boolean[];
  requests: number;
  /** Has met an answer of 500 or above. */
  failed: boolean;
  /** Milliseconds in which they were active: each request counts for `activeMs`, and what overlaps counts once. */
  active: number;
  last: number;
  /** Of each length of time: in how many pieces of that length they were seen, and in which one at last. */
  readonly pieces: { seen: number; last: number }[];
}

/** As long as the judge takes a person for active after a request (docs/judge.md). */
export const activeMs = 60_000;

/** A quarter of a percent is how well so many tell a share; each takes some hundred bytes. */
const mostPeople = 40_000;

export class People {
  readonly #all = new Map<string, Person>();
  readonly #spans: readonly number[];
  readonly #most: number;
  #limit = buckets;

  /** @param spans lengths of time, in milliseconds, for which distinct people are counted */
  constructor(spans: readonly number[], most = mostPeople) {
    this.#spans = spans;
    this.#most = most;
  }

  /** By what the sums over `all` have to be multiplied: above 1 when they are a sample. */
  get scale(): number {
    return buckets / this.#limit;
  }

  all(): Iterable<Person> {
    return this.#all.values();
  }

  /** The person of this key, made when new; null when not in the sample. */
  find(key: string, make: () => Pick<Person, 'from' | 'belongs'>): Person | null {
    const known = this.#all.get(key);
    if (known !== undefined) return known;
    if (this.#limit < buckets && !this.#sampled(key)) return null;
    const person: Person = {
      ...make(),
      requests: 0,
      failed: false,
      active: 0,
      last: Number.NEGATIVE_INFINITY,
      pieces: this.#spans.map(() => ({ seen: 0, last: Number.NEGATIVE_INFINITY })),
    };
    this.#all.set(key, person);
    if (this.#all.size > this.#most) this.#halve();
    return person;
  }

  /** Counts a request; those of one person may come a little out of order. */
  count(person: Person, at: number): void {
    person.requests++;
    person.active += Math.min(activeMs, Math.max(0, at - person.last));
    person.last = Math.max(person.last, at);
    this.#spans.forEach((span, index) => {
      const piece = person.pieces[index];
      const now = Math.floor(at / span);
      if (piece === undefined || now <= piece.last) return;
      piece.seen++;
      piece.last = now;
    });
  }

  #halve(): void {
    this.#limit /= 2;
    for (const key of this.#all.keys()) if (!this.#sampled(key)) this.#all.delete(key);
  }

  /** Another seed than any app has: the sample must not be the people whom a percentage selects. */
  #sampled(key: string): boolean {
    return bucketOf('\0sample', key) < this.#limit;
  }
}
