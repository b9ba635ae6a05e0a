/** `queue`: Teal does it afterwards; `wait`: the same, as long as whoever asked waits for it; `supersede`: instead. */
export type OnConflict = 'refuse' | 'queue' | 'wait' | 'supersede';

/** Asks to be the only one who makes a deploy ready. */
export interface LeaseBody {
  /** An app, or a group. */
  readonly of: string;
  /** For others to see. */
  readonly version?: string;
  /** When somebody else has it: refused when left out; `queue` and `wait` answer when it is free. */
  readonly onConflict?: OnConflict;
}

export interface LeaseView {
  /** Whoever knows it may go on with it. */
  readonly id: string;
  readonly apps: readonly string[];
  readonly actor: string;
  readonly version: string | null;
  readonly since: number;
  /** Unless its owner is heard of before. */
  readonly expiresAt: number;
}
