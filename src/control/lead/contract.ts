/** Where the event log is, and who leads of several control planes on it. */
export interface PlaneView {
  /** A file, or a database (without a password). */
  readonly store: { readonly kind: 'sqlite' | 'postgres'; readonly where: string };
  /** Null where one control plane has the event log for itself. */
  readonly leader: LeaderView | null;
}

export interface LeaderView {
  /** Null: nobody leads just now; the other values are of who did last. */
  readonly name: string | null;
  readonly machine: string;
  /** Rises with each leader: its fencing token. */
  readonly term: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly leaseLeftMs: number;
  /** The control plane that says this. */
  readonly answeredBy: string;
}
