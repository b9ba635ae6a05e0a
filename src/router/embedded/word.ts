/** How often time is counted. */
export const turnMs = 1000;
/** When the whole machine stood still, all of that passes in one turn, and nobody was silent: no turn counts for more. */
const longestTurnMs = 2 * turnMs;

export interface WordOptions {
  /** Null: exposures never expire. */
  readonly limitMs: number | null;
  /** Of the router process before, in milliseconds since the epoch; null when there was none. */
  readonly heardAt: number | null;
  /** Milliseconds since the epoch. */
  readonly today: number;
  /** Of a clock that never jumps, in milliseconds. */
  readonly now: number;
}

/** When the control plane was heard last, and whether that is too long ago for what a release exposes. */
export class Word {
  readonly limitMs: number | null;
  #heardAt: number | null;
  #silentMs: number;
  #turnedAt: number;

  constructor({ limitMs, heardAt, today, now }: WordOptions) {
    this.limitMs = limitMs;
    this.#heardAt = heardAt;
    // A clock that was put back makes it negative: then nothing is known, and the whole time begins again.
    this.#silentMs = heardAt === null ? 0 : Math.max(0, today - heardAt);
    this.#turnedAt = now;
  }

  /** Milliseconds since the epoch; null: never. */
  get heardAt(): number | null {
    return this.#heardAt;
  }

  get expired(): boolean {
    return this.limitMs !== null && this.#silentMs >= this.limitMs;
  }

  /** @param today milliseconds since the epoch */
  heard(today: number): void {
    this.#heardAt = today;
    this.#silentMs = 0;
  }

  /** To be called every `turnMs`. */
  turn(now: number): void {
    this.#silentMs += Math.min(now - this.#turnedAt, longestTurnMs);
    this.#turnedAt = now;
  }
}
