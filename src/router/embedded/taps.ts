import type { Told } from '../../metrics/release-count.ts';
import { Tap } from './tap.ts';

/** What a worker has counted of a release, told to its parent. */
export interface ToldOf {
  readonly app: string;
  readonly release: string;
  readonly told: Told;
}

/** A worker's taps: one for each release whose people are counted. None mostly. */
export class Taps {
  readonly #all = new Map<string, Tap>();

  of(app: string, release: string): Tap {
    const key = JSON.stringify([app, release]);
    const tap = this.#all.get(key) ?? new Tap(app, release);
    this.#all.set(key, tap);
    return tap;
  }

  /** Forgets those that no app of the table in force has. */
  keep(apps: Iterable<{ readonly judging: { readonly tap: Tap } | null }>): void {
    if (this.#all.size === 0) return;
    const used = new Set([...apps].map(({ judging }) => judging?.tap));
    for (const [key, tap] of this.#all) if (!used.has(tap)) this.#all.delete(key);
  }

  /** To be called ten times a second: what depends on time. @param now of `performance.now()` */
  tick(now: number): void {
    for (const tap of this.#all.values()) tap.tick(now);
  }

  take(): readonly ToldOf[] {
    return [...this.#all.values()].map((tap) => ({ app: tap.app, release: tap.release, told: tap.take() }));
  }
}
