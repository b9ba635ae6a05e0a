import type { Counted, Past } from '../metrics/counted.ts';
import type { Colour } from '../release/state.ts';
import type { RoutingTable } from './table.ts';
import type { CopyCounts, Tallies } from './tally.ts';

/** What a control plane that shares its event log with others acts by: routers refuse a term lower than they have seen. */
export interface RouterFence {
  readonly term: number;
  /** @throws TealError `not-leader` when this one may not act any more */
  check(): void;
}

/**
 * What the control plane asks of a router. Drivers: `embedded` (now), `haproxy`, `gateway-api`.
 * Every call is idempotent: it may be repeated after a crash of the caller.
 */
export interface Router {
  /**
   * Puts the table in force everywhere: prepared by every worker, then committed, then acknowledged by all.
   * When it resolves, no request that starts later is chosen by an older table, and the table is on disk.
   * @throws TealError `table-refused` (older or malformed: the old one stays), `router-unavailable`.
   */
  apply(table: RoutingTable): Promise<void>;

  /**
   * Waits until nothing is in flight on these endpoints; what is left at the deadline is cut, counted and reported.
   * Only for endpoints that the table in force no longer gives new requests to. `onProgress` is told about every second.
   * @param signal gives the drain up without cutting anything (rejects with the signal's reason)
   */
  drain(
    request: DrainRequest,
    signal: AbortSignal,
    onProgress?: (inFlight: number) => void,
  ): Promise<DrainReport>;

  /** @param of leaves out the `environments` and `endpoints` of all other apps, which are the most of it where there are many */
  status(of?: StatusOf): Promise<RouterStatus>;

  /**
   * Says that this table, which was applied, still is the one that shall be in force. Routers that hear neither this nor `apply` for long take what
   * releases expose out of force (`router.exposure-expires`), and put it back in force when they hear this again.
   */
  confirm(table: RoutingTable): Promise<Confirmed>;

  /**
   * Closes tick `seq` of a release that the table in force calls `judged`, and gives what was counted in it. Asked again with the same number it gives
   * the same again: a caller that was killed asks again. `lost`: the number is not the next one, the router process was replaced meanwhile,
   * or it knows of no such release; the tick is then what was counted since the last close it knows of, numbered as asked.
   */
  count(request: CountRequest): Promise<Counted & { readonly lost: boolean }>;

  /** What is known of an app's live version, to be fixed before a release exposes anybody. */
  past(app: string): Promise<Past>;

  /** What was evaluated of feature flags. Sums only grow while `since` is the same. */
  flags(): Promise<FlagCounts>;
}

/** What a router has evaluated since it was started. */
export interface FlagCounts {
  /** Milliseconds since the epoch: when it was started. */
  readonly since: number;
  readonly counts: readonly FlagCount[];
}

/** How often a flag gave each of its values. */
export interface FlagCount {
  readonly app: string;
  readonly flag: string;
  /** By variant; `?` for a flag that there is not, `!` for one that could not be evaluated. */
  readonly variants: Readonly<Record<string, number>>;
  /** How many of them asked for it by its name, and not for all flags at once. */
  readonly named: number;
}

/** What a router answers that is asked whether a table is in force. */
export interface Confirmed {
  /** In force; 0 when none is. */
  readonly generation: number;
  /** Whether that is the table in question, by its content. */
  readonly same: boolean;
}

/** What a router has heard from the control plane; times are milliseconds since the epoch. */
export interface Heard {
  /** When a table last came, or was confirmed. Null: never. */
  readonly at: number | null;
  /** After this long without a word nobody is exposed to a candidate any more. Null: however long. */
  readonly expiresAfterMs: number | null;
  /** The last time that this happened, if it did; `until` null: it lasts. */
  readonly expiry: { readonly from: number; readonly until: number | null } | null;
}

/** Workers that were found with another table than the router's, and were given it again. */
export interface Repairs {
  readonly count: number;
  readonly last: {
    readonly at: number;
    readonly pid: number;
    readonly had: number;
    readonly generation: number;
  } | null;
}

/** Which tick of a release is to be closed: see `Router.count`. */
export interface CountRequest {
  readonly app: string;
  readonly release: string;
  readonly seq: number;
}

/** Apps that a status is to be about. */
export interface StatusOf {
  readonly apps: readonly string[];
}

/** Endpoints that get nothing new, and until when what is under way there may end. */
export interface DrainRequest {
  readonly app: string;
  readonly endpoints: readonly string[];
  readonly streams: 'drain' | 'close' | 'spread';
  readonly deadlineMs: number;
}

/** How a drain ended, in numbers of requests. */
export interface DrainReport {
  /** In flight when the drain began, and ended by themselves (or by a clean close of `close`/`spread`). */
  readonly finished: number;
  /** Still open at the deadline, and cut. */
  readonly cut: number;
  readonly seconds: number;
}

/** A router as it is now. */
export interface RouterStatus {
  readonly pid: number;
  /** Generation in force on every worker. */
  readonly generation: number;
  readonly workers: readonly {
    readonly pid: number;
    /** As it says itself. */
    readonly generation: number;
    readonly connections: number;
  }[];
  readonly listen: readonly BoundAddress[];
  /** Where HTTP/2 is spoken without TLS. */
  readonly h2c: readonly { readonly host: string; readonly port: number }[];
  /** In force; none where nothing is encrypted. */
  readonly certificates: readonly CertificateStatus[];
  readonly environments: readonly EnvironmentCounts[];
  /** Of the table in force. */
  readonly endpoints: readonly EndpointStatus[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Workers that ended by themselves since the router started; each was replaced at once. */
  readonly workersReplaced: {
    readonly count: number;
    readonly last: { readonly at: number; readonly pid: number; readonly how: string } | null;
  };
  readonly heard: Heard;
  readonly tablesRepaired: Repairs;
  /** Null when there is no access log. */
  readonly accessLog: { readonly file: string; readonly linesDropped: number } | null;
  /** Teal's own. Absent in what a router of an older Teal says, as what follows. */
  readonly version?: string;
  /** Router processes that this one has taken over from, and that still carry something; the youngest first. */
  readonly leaving?: readonly LeavingStatus[];
  /** Since the first router of these: how often one took over from another, and what that has cut. */
  readonly handOvers?: HandOvers;
}

/** How often one router process has taken over from another. */
export interface HandOvers {
  readonly count: number;
  /** Requests and streams still open at the deadline of a router that left. */
  readonly cut: number;
}

/** A router process that accepts nothing any more, and ends when what it carries has ended. Times are milliseconds since the epoch. */
export interface LeavingStatus {
  readonly pid: number;
  readonly version: string;
  readonly since: number;
  /** What is open then is cut. */
  readonly until: number;
  readonly connections: number;
  /** With streams. */
  readonly inFlight: number;
  /** WebSockets and event streams. */
  readonly streams: number;
}

/** Where a router listens. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
  /** https. */
  readonly secure: boolean;
}

/** What may be told about a certificate: never its key, only where that is. Times are milliseconds since the epoch. */
export interface CertificateStatus {
  readonly certificate: string;
  readonly key: string;
  readonly names: readonly string[];
  /** Null: it could never be read, and its hosts are refused. */
  readonly validFrom: number | null;
  readonly validUntil: number | null;
  /** Why what its files hold now is not in force; what they held before still is, if that was good. */
  readonly problem: string | null;
}

/** One instance, as the router sees it. */
export interface EndpointStatus {
  readonly id: string;
  readonly app: string;
  readonly colour: Colour;
  readonly role: string;
  /** Requests, without streams. */
  readonly inFlight: number;
  /** WebSockets and event streams. */
  readonly streams: number;
  /** Gets nothing new until then (milliseconds since the epoch), since it failed too often; null when it is not ejected. */
  readonly ejectedUntil: number | null;
  /** How many of the workers have ejected it. */
  readonly ejectedBy: number;
}

/** Since the router started, also of workers that are gone; of a version that is gone, for ten minutes more. */
export interface EnvironmentCounts {
  readonly app: string;
  readonly colour: Colour;
  readonly version: string;
  readonly requests: number;
  /** Answers of 500 and above that came from the app. */
  readonly errors: number;
  /** Requests the app never answered: refused, reset, timed out (502/503/504 from the router). */
  readonly failed: number;
  /** With those that wait. */
  readonly inFlight: number;
  /** In the queue for an instance that may take them. */
  readonly waiting: number;
  /** Of its answers. Absent in what a router of an older Teal says: it outlives a control plane. */
  readonly tallies?: Tallies;
  /** Of copies of live's requests that were for it. */
  readonly copies?: CopyCounts;
}
