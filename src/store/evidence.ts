/**
 * What releases were judged by: a record for each tick, and the judge's memory after the last one. Not events: a release has thousands of
 * them, and nothing follows from them but what its events say. Kept for the last releases of an app.
 */
export interface EvidenceStore {
  /**
   * Keeps a tick and the memory after it in one transaction. One that is kept already changes nothing, so that it may be given again.
   * @throws TealError `store-conflict` when a tick is left out; `disk-full`
   */
  save(tick: NewTick): Promise<void>;

  /** The judge's memory after the last tick; null before the first. */
  memory(app: string, release: string): Promise<Memory | null>;

  /** Ticks of a release from `after` on (exclusive; -1: all), oldest first. */
  ticks(app: string, release: string, after?: number): Promise<readonly StoredTick[]>;

  /** Releases of an app that there is evidence of, the newest first. */
  releases(app: string): Promise<readonly string[]>;

  /** Removes all but the newest releases of an app. Returns how many are gone. */
  keepNewest(app: string, releases: number): Promise<number>;
}

export interface StoredTick {
  /** 0, 1, 2, … */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly data: unknown;
}

export interface NewTick extends StoredTick {
  readonly app: string;
  readonly release: string;
  /** What the judge knows after it. */
  readonly memory: unknown;
}

export interface Memory {
  /** Of the last tick. */
  readonly seq: number;
  readonly at: number;
  readonly memory: unknown;
}
