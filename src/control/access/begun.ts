import { neighbourhood } from './throttle.ts';

interface Limits {
  /** From one address. */
  readonly each: number;
  readonly all: number;
}

interface Entry<T> {
  readonly item: T;
  readonly by: string;
}

/**
 * What strangers have begun and may never finish. Whoever comes is let in: in place of the oldest of their own neighbourhood when that has enough,
 * else of the one that has most. So nobody fills the memory, and nobody keeps others out but by coming from as many places as they do.
 */
export class Begun<T extends { readonly until: number }> {
  readonly #limits: Limits;
  readonly #dropped: (item: T) => void;
  /** The oldest first. */
  readonly #all = new Map<string, Entry<T>>();

  /** @param dropped told of what has lost its place, or its time is over */
  constructor(limits: Limits, dropped: (item: T) => void = () => undefined) {
    this.#limits = limits;
    this.#dropped = dropped;
  }

  /** @param address null: over the socket. @param now as `until` is */
  add(id: string, item: T, address: string | null, now: number): void {
    for (const [each, { item: other }] of this.#all) if (other.until <= now) this.#drop(each);
    const by = address === null ? 'socket' : neighbourhood(address);
    const places = Map.groupBy(this.#all, ([, entry]) => entry.by);
    const own = places.get(by) ?? [];
    const full =
      own.length >= this.#limits.each ? own : this.#all.size >= this.#limits.all ? most(places) : [];
    const [oldest] = full;
    if (oldest !== undefined) this.#drop(oldest[0]);
    this.#all.set(id, { item, by });
  }

  get(id: string): T | null {
    return this.#all.get(id)?.item ?? null;
  }

  /** The same, and it is not there any more. */
  take(id: string): T | null {
    const item = this.get(id);
    this.#all.delete(id);
    return item;
  }

  clear(): void {
    for (const id of this.#all.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    const item = this.take(id);
    if (item !== null) this.#dropped(item);
  }
}

/** Of as large ones the one that began first. */
const most = <T>(places: ReadonlyMap<string, readonly T[]>): readonly T[] =>
  [...places.values()].reduce((one, other) => (other.length > one.length ? other : one), []);
