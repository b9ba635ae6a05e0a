/**
 * Requests that are to be done once, and what was answered: so that one that is sent again, because its answer was lost, is not done again.
 * Kept for a while only.
 */
export interface RequestStore {
  /**
   * Notes a request before anything is done for it.
   * @returns null when it is new, or what is known of it; what has expired is new
   * @throws TealError `disk-full`
   */
  claim(request: NewRequest): Promise<KnownRequest | null>;

  /** Keeps its answer. */
  finish(id: string, answer: RequestAnswer): Promise<void>;

  /** Removes those that expired before `now` (epoch ms). Returns how many. */
  prune(now: number): Promise<number>;
}

export interface NewRequest {
  readonly id: string;
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly expiresAt: number;
}

export interface KnownRequest {
  readonly fingerprint: string;
  /** The last event when it was noted: what it did comes after. */
  readonly after: number;
  /** Null: nobody kept one, or it is being worked at. */
  readonly answer: RequestAnswer | null;
}

export interface RequestAnswer {
  /** Of HTTP. */
  readonly status: number;
  /** JSON. */
  readonly body: string;
}
