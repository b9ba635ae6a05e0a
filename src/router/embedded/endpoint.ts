import type { Colour } from '../../release/state.ts';
import { InFlightList } from './in-flight.ts';
import type { Upstream } from './upstream.ts';

/**
 * One endpoint as a worker knows it: the same object in every table that names its id, so that what is in flight
 * stays counted while tables come and go.
 */
export interface EndpointState {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** In flight, on this worker. Its size is the count that balancing and draining use. */
  readonly active: InFlightList;
  /** Kept-alive connections, the most recently used last. */
  readonly idle: Upstream[];
  /** No longer in the table: connections are closed instead of kept. */
  gone: boolean;
  /** Told when a request leaves, while somebody drains. */
  readonly left: Set<() => void>;
}

/** What a worker has counted for one version in one environment. */
export interface Counts {
  readonly app: string;
  readonly colour: Colour;
  readonly version: string;
  requests: number;
  errors: number;
  failed: number;
  inFlight: number;
}

/** Every endpoint and count of a worker, by identity and not by table. */
export class Registry {
  readonly endpoints: Map<string, EndpointState> = new Map();
  readonly counts: Map<string, Counts> = new Map();

  endpoint(id: string, host: string, port: number): EndpointState {
    const known = this.endpoints.get(id);
    if (known !== undefined && known.host === host && known.port === port) return known;
    const state: EndpointState = {
      id,
      host,
      port,
      active: new InFlightList(),
      idle: [],
      gone: false,
      left: new Set(),
    };
    this.endpoints.set(id, state);
    return state;
  }

  count(app: string, colour: Colour, version: string): Counts {
    const key = JSON.stringify([app, colour, version]);
    let counts = this.counts.get(key);
    if (counts === undefined) {
      counts = { app, colour, version, requests: 0, errors: 0, failed: 0, inFlight: 0 };
      this.counts.set(key, counts);
    }
    return counts;
  }

  /** After a commit: closes what is kept to endpoints that left, and forgets those that nothing uses. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const [id, endpoint] of this.endpoints) {
      endpoint.gone = !ids.has(id);
      if (!endpoint.gone) continue;
      closeIdle(endpoint);
      if (endpoint.active.size === 0) this.endpoints.delete(id);
    }
  }
}

/** Closes the kept-alive connections that carry no request. */
export function closeIdle(endpoint: EndpointState): void {
  for (const upstream of endpoint.idle.splice(0)) upstream.destroy();
}
