import type { ObserveConfig, RouterConfig } from '../../config/router.ts';
import type { EndpointStatus, EnvironmentCounts, LeavingStatus } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { TableDelta } from './delta.ts';

/** What a router process is started with. */
export interface RouterOptions extends Omit<RouterConfig, 'observe' | 'exposureMs'> {
  /** Without a word from the control plane for this long nobody is exposed to a candidate. Null, or left out: however long. */
  readonly exposureMs?: number | null;
  /** Nothing is told when left out. */
  readonly observe?: ObserveConfig;
  /** Teal's data directory: the table is kept in `<data>/router/`. */
  readonly data: string;
  /** `router.geo-database`; null: the optional package, when it is installed. */
  readonly geoDatabase?: string | null;
}

/** Told to whoever connects to the control socket. */
export interface Hello {
  readonly pid: number;
  /** Version of the control link. */
  readonly protocol: number;
  readonly options: RouterOptions;
  /** Teal's own, and the file the process runs. Absent in what an older Teal says, which cannot hand over either. */
  readonly version?: string;
  readonly program?: Program;
}

/** How a router process is started. */
export interface Program {
  /** The node that runs it. */
  readonly node: string;
  /** `router/embedded/process` of a Teal. */
  readonly entry: string;
}

/** Asks a router to give its sockets, and all that is new, to one that it starts. Understood over all protocols of the link. */
export interface HandOverRequest extends Program {
  /** Of the next one. */
  readonly options: RouterOptions;
  /** For what is in flight, streams included; then it is ended, and counted. */
  readonly drainMs: number;
}

/** The router that has taken over. */
export interface HandedOver {
  readonly pid: number;
  readonly version: string;
  readonly protocol: number;
}

/** Rises when messages change their meaning: a router of another protocol is restarted, not adopted. */
export const protocol = 4;

/** Names one table: two of one number may still differ. */
export interface Held {
  readonly generation: number;
  /** SHA-256 (hex) of the table's JSON. */
  readonly hash: string;
}

/** Which table a worker says that it has. */
export interface Holds {
  readonly generation: number;
  /** Its exposures are out of force. */
  readonly expired: boolean;
}

/** A table as it comes over the link: all of it, or what changes of the one in force. `hash` is of the whole table, as in `Held`. */
export type Given =
  | { readonly table: RoutingTable; readonly hash: string }
  | { readonly delta: TableDelta; readonly hash: string };

/** What a worker reports of itself. */
export interface WorkerStatus {
  readonly pid: number;
  readonly generation: number;
  /** Exposures are out of force. */
  readonly expired: boolean;
  readonly connections: number;
  readonly environments: readonly EnvironmentCounts[];
  readonly endpoints: readonly EndpointStatus[];
  /** Of the access log, since it started. */
  readonly linesDropped: number;
  /** Said by a router process that another has taken over from; workers say nothing of the kind. */
  readonly leaving?: readonly LeavingStatus[];
}
