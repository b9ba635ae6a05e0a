import type { Colour } from '../../release/state.ts';
import type { Standing } from './ejection.ts';
import { sound } from './ejection.ts';
import type { InFlight } from './in-flight.ts';
import type { AppSession } from './http2/app-session.ts';
import { InFlightList } from './in-flight.ts';
import type { Upstream } from './upstream.ts';
import type { CopyOutcome, CountingAll } from '../tally.ts';
import type { WaitLine } from './wait-line.ts';

/**
 * One endpoint as a worker knows it: the same object in every table that names its id, so that what is in flight
 * stays counted while tables come and go.
 */
export interface EndpointState {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** In flight, on this worker. Its size is the count that draining uses. */
  readonly active: InFlightList;
  /** Those of them that are no streams: the count that balancing and `max-in-flight` use. */
  busy: number;
  /** Those of them that are files for older pages. */
  pinned: number;
  /** In the worker's milliseconds. */
  readonly joinedAt: number;
  standing: Standing;
  /** The request that tries it after an ejection. */
  probe: InFlight | null;
  /** Who may wait for it; null until a table with it is in force. */
  line: WaitLine | null;
  /** Kept-alive connections, the most recently used last. */
  readonly idle: Upstream[];
  /** HTTP/2 sessions that take requests. */
  readonly sessions: AppSession[];
  /** No longer in the table: connections are closed instead of kept. */
  gone: boolean;
  /** Told when a request leaves, while somebody drains; and whether it is not over, but counted elsewhere. */
  readonly left: Set<(moved: boolean) => void>;
}

export function newEndpoint(id: string, host: string, port: number, joinedAt: number): EndpointState {
  return {
    id,
    host,
    port,
    active: new InFlightList(),
    busy: 0,
    pinned: 0,
    joinedAt,
    standing: sound,
    probe: null,
    line: null,
    idle: [],
    sessions: [],
    gone: false,
    left: new Set(),
  };
}

/** What a worker has counted for one version in one environment. */
export interface Counts {
  readonly app: string;
  readonly colour: Colour;
  readonly version: string;
  /** Those that wait are counted when they wait no longer. */
  requests: number;
  errors: number;
  failed: number;
  /** With those that wait. */
  inFlight: number;
  waiting: number;
  readonly tallies: CountingAll;
  readonly copies: Partial<Record<CopyOutcome, number>>;
}

/** Counts a request as in flight at an endpoint, and as one of those that its limit is about. */
export function occupy(endpoint: EndpointState, request: InFlight): void {
  endpoint.active.add(request);
  endpoint.busy++;
  if (request.pinned) endpoint.pinned++;
  request.busy = true;
  if (endpoint.standing.until !== 0) endpoint.probe ??= request;
}

/**
 * It has become a stream: still in flight, but no longer one of those that the limit is about. A stream is silent nearly
 * always and stays for hours; were it counted, a few would keep every request out.
 */
export function becameStream(endpoint: EndpointState, request: InFlight): void {
  if (!request.busy) return;
  request.busy = false;
  endpoint.busy--;
  endpoint.line?.serveSoon();
}

/** Counts a request out, and tells a drain that waits for it. @param moved it is not over, but counted elsewhere */
export function vacate(endpoint: EndpointState, request: InFlight, moved: boolean): void {
  if (takeOut(endpoint, request)) tell(endpoint, moved);
}

/** Counts a request at another endpoint. A drain is told only then: it never sees the request at neither. */
export function move(request: InFlight, from: EndpointState, to: EndpointState): void {
  const held = takeOut(from, request);
  occupy(to, request);
  if (held) tell(from, true);
}

function takeOut(endpoint: EndpointState, request: InFlight): boolean {
  if (endpoint.probe === request) endpoint.probe = null;
  if (!endpoint.active.delete(request)) return false;
  if (request.busy) endpoint.busy--;
  if (request.pinned) endpoint.pinned--;
  request.busy = false;
  return true;
}

function tell(endpoint: EndpointState, moved: boolean): void {
  for (const each of endpoint.left) each(moved);
  endpoint.line?.serveSoon();
}

/** Closes the kept-alive connections that carry no request, and those that are shared as soon as they carry none. */
export function closeIdle(endpoint: EndpointState): void {
  for (const upstream of endpoint.idle.splice(0)) upstream.destroy();
  for (const session of endpoint.sessions.splice(0)) session.close();
}
