/** A bucket of permissions that fills up again: so many at once, so many a second in the long run. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** Whoever asks under ever new names may not fill the memory. */
const mostBuckets = 10_000;

/** Says who has to wait, and for how long. Token bucket: simple, exact, and it forgives a burst. */
export class Throttle {
  readonly #allowance: Allowance;
  readonly #buckets = new Map<string, Bucket>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Takes one. @param now milliseconds. @returns 0, or the milliseconds after which there is one again */
  take(who: string, now: number): number {
    const bucket = this.#bucket(who, now);
    if (bucket.left >= 1) {
      bucket.left -= 1;
      return 0;
    }
    return Math.ceil(((1 - bucket.left) / this.#allowance.perSecond) * 1000);
  }

  #bucket(who: string, now: number): Bucket {
    const { burst, perSecond } = this.#allowance;
    const known = this.#buckets.get(who);
    // Moved to the end: what is asked for least is at the beginning.
    if (known !== undefined) this.#buckets.delete(who);
    else if (this.#buckets.size >= mostBuckets) this.#forgetOne();
    const bucket = known ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    // A clock that is set back and forth fills nothing twice.
    bucket.at = Math.max(bucket.at, now);
    this.#buckets.set(who, bucket);
    return bucket;
  }

  #forgetOne(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** One provider gives a customer a whole /64: all addresses of it are one. */
export function neighbourhood(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail.split(':').filter(Boolean);
  const zeros = address.includes('::') ? Math.max(0, 8 - groups.length - after.length) : 0;
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}
