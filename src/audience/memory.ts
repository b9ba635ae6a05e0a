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

  set(given: K, value: T): void {
    const key = typeof given === 'string' ? (ownText(given) as K & string) : given;
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

/** A text of its own. A piece that was cut out keeps alive what it was cut from: for a cookie the whole head that it came in. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
