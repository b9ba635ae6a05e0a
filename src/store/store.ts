import type { EvidenceStore } from './evidence.ts';
import type { RequestStore } from './requests.ts';
import type { StatementStore } from './statements.ts';

/**
 * The event log: append-only, one stream per app; of the installation itself those that begin with @, as no app can.
 * State is what the events say; nothing else is kept that could disagree with them.
 */
export interface Store {
  /**
   * Appends in one transaction: all of them are on disk when it resolves, or none.
   * @param expected the stream's version the caller decided upon; another writer in between is a `store-conflict`
   * @throws TealError `store-conflict`, `disk-full`, `store-unreadable`
   */
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<readonly StoredEvent[]>;

  /** The same for several streams: all of it is on disk when it resolves, or nothing is. Results in the order of the batches. */
  appendAll(batches: readonly Batch[]): Promise<readonly (readonly StoredEvent[])[]>;

  /** Events of a stream with a version above `after`, oldest first; all of them, or the first `limit`. */
  read(stream: string, after?: number, limit?: number): Promise<readonly StoredEvent[]>;

  /** Events of all streams but those that begin with @ (or of one), newest first: for people. */
  recent(options: {
    readonly stream?: string;
    readonly limit: number;
    readonly before?: number;
  }): Promise<readonly StoredEvent[]>;

  /** Events of all streams (or one) with a position above `after`, oldest first: for whoever follows. */
  since(options: {
    readonly stream?: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly StoredEvent[]>;

  /** The highest position that was ever pruned; 0 when none was. Who follows from below it has missed events. */
  pruned(): Promise<number>;

  /** Writes something that nobody reads. @throws TealError what a write would: `disk-full`, `store-conflict` … */
  probe(): Promise<void>;

  streams(): Promise<readonly string[]>;

  /** The newest snapshot of a stream's state, if one was saved; reading goes on after its version. */
  snapshot(stream: string): Promise<Snapshot | null>;

  /** Keeps the state as of `version`, so that events before it need not be read at start; drops older snapshots. */
  saveSnapshot(stream: string, snapshot: Snapshot): Promise<void>;

  /** Removes events older than `before` (epoch ms) that a snapshot covers. Returns how many. */
  prune(before: number): Promise<number>;

  /** The next number of the installation's one routing-table counter. Never the same twice, also after kill -9. */
  nextGeneration(): Promise<number>;

  /** A secret of the installation (random, made at first use, never shown): keys for signatures. */
  secret(name: string): Promise<string>;

  /** What releases were judged by. */
  readonly evidence: EvidenceStore;

  /** What is to be done once, and what was answered. */
  readonly requests: RequestStore;

  /** What versions send to their app's database. */
  readonly statements: StatementStore;

  close(): Promise<void>;
}

/** What `append` takes, for one stream of several. */
export interface Batch {
  readonly stream: string;
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** What versions of this app send is forgotten with it. */
  readonly forget?: true;
}

export interface NewEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who: `user:anna`, `teal` for what Teal does by itself. */
  readonly actor: string;
  readonly reason: string | null;
  readonly type: string;
  readonly data: unknown;
}

export interface StoredEvent extends NewEvent {
  /** Position in the whole log. */
  readonly seq: number;
  readonly stream: string;
  /** Position in its stream, from 1. */
  readonly version: number;
}

export interface Snapshot {
  readonly version: number;
  /** Version of the state's shape: whoever reads it knows the older ones too. */
  readonly shape: number;
  readonly state: unknown;
}
