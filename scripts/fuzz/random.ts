/** Seeded randomness (xorshift128, Marsaglia 2003), so that every case can be made again from two numbers. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, index: number) {
    this.#a = seed | 0 || 1;
    this.#b = Math.imul(index + 1, 0x9e3779b1) | 0;
    this.#c = Math.imul(seed ^ index, 0x85ebca6b) | 0;
    this.#d = 0x6d2b79f5;
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 0 … 2³²−1. */
  next(): number {
    let word = this.#d;
    const first = this.#a;
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = first;
    word ^= word << 11;
    word ^= word >>> 8;
    this.#a = word ^ first ^ (first >>> 19);
    return this.#a >>> 0;
  }

  /** 0 … limit−1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  chance(percent: number): boolean {
    return this.below(1000) < percent * 10;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
