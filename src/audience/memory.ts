/**
 * Remembers a bounded number of things: two generations of at most `most` each. What is asked for moves into the young one; when that is
 * full the old one is dropped whole. So what is used stays, and a flood of keys costs two maps and no more.
 */
export class Memory<T, K = string> {
  readonly #most: number;
  #young = new Map<K, T>();
  #old = new Map<K, T>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: T): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
