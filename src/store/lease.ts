/**
 * Who of several control planes leads. The store keeps it, by its own clock; the term rises with every leader, is written nowhere but here,
 * and is what every write of a leader is fenced by. A store for one control plane has none.
 */
export interface Leases {
  /** Who leads, or led last; null: nobody ever did. */
  look(): Promise<LeaseView | null>;

  /**
   * The new term, when nobody else's lease runs; null when one does. Who asks does not lead: a lease of the same name is one whose answer was lost.
   * @param behind the term behind which it has stood by: when that one ended everything, nobody who stood by takes it up again
   */
  take(who: Candidate, ms: number, behind?: number): Promise<number | null>;

  /** Makes it run for `ms` from now; false when somebody else has taken it over. */
  renew(term: number, ms: number): Promise<boolean>;

  /** Gives it back, so that the next need not wait. @param ended everything was stopped on purpose: nobody shall take over */
  release(term: number, ended: boolean): Promise<void>;

  close(): Promise<void>;
}

export interface Candidate {
  /** Nobody else's. */
  readonly name: string;
  /** Its host. */
  readonly machine: string;
  /** Where its API listens, on that host. */
  readonly address: string;
}

export interface LeaseView extends Candidate {
  readonly term: number;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly since: number;
  /** How much longer it runs, by the store's clock; 0 or less: it has run out. */
  readonly leftMs: number;
  readonly ended: boolean;
}
