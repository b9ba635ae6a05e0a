import type { ObserveConfig, RouterConfig } from '../../config/config.ts';
import type { EndpointStatus, EnvironmentCounts } from '../router.ts';

/** What a router process is started with. */
export interface RouterOptions extends Omit<RouterConfig, 'observe'> {
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
}

/** Rises when messages change their meaning: a router of another protocol is restarted, not adopted. */
export const protocol = 3;

/** What a worker reports of itself. */
export interface WorkerStatus {
  readonly pid: number;
  readonly generation: number;
  readonly connections: number;
  readonly environments: readonly EnvironmentCounts[];
  readonly endpoints: readonly EndpointStatus[];
  /** Of the access log, since it started. */
  readonly linesDropped: number;
}
