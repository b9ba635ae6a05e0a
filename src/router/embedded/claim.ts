/**
 * INVARIANT 2. A request is decided and counted as in flight in ONE synchronous block, against ONE table reference:
 * `admit` reads `engine.table` once, and between that read and `endpoint.active.add` there is no await, no callback
 * and no second read. So once a worker has replaced its table, no request can still be on its way to the old side
 * without being counted there, and a drain that starts after the last worker's acknowledgement sees every one.
 */
import type { CompiledEnvironment, CompiledTable } from './compile.ts';
import type { Decision } from './decide.ts';
import { decide } from './decide.ts';
import type { EndpointState } from './endpoint.ts';
import type { InFlight } from './in-flight.ts';
import type { RequestHead } from './request-head.ts';

export type Admission<Request extends InFlight> =
  | Exclude<Decision, { readonly kind: 'forward' }>
  | {
      readonly kind: 'forward';
      readonly environment: CompiledEnvironment;
      readonly role: string;
      readonly request: Request;
      readonly endpoint: EndpointState;
    }
  | { readonly kind: 'no-endpoint'; readonly environment: CompiledEnvironment };

/** Decides where the request in `head` goes, and counts it there. `make` creates what is counted; it must not wait. */
export function admit<Request extends InFlight>(
  table: CompiledTable,
  head: RequestHead,
  now: number,
  make: (environment: CompiledEnvironment, role: string) => Request,
): Admission<Request> {
  const decision = decide(table, head, now);
  if (decision.kind !== 'forward') return decision;
  const { environment, role } = decision;
  environment.counts.requests++;
  const endpoint = leastBusy(environment.roles.get(role) ?? [], null, Math.random);
  if (endpoint === null) return { kind: 'no-endpoint', environment };
  const request = make(environment, role);
  endpoint.active.add(request);
  environment.counts.inFlight++;
  return { kind: 'forward', environment, role, request, endpoint };
}

/** What a request that moves has tried, and where it is counted now. */
export interface Tried {
  readonly last: EndpointState;
  readonly all: ReadonlySet<EndpointState>;
}

/**
 * Moves a request that was not yet answered to another endpoint of its environment. Null when all have been tried.
 * A drain is told only when it is counted at the new one: it never sees the request at neither.
 */
export function claimAnother(
  environment: CompiledEnvironment,
  role: string,
  request: InFlight,
  tried: Tried,
): EndpointState | null {
  const endpoint = leastBusy(environment.roles.get(role) ?? [], tried.all, Math.random);
  if (endpoint === null) return null;
  const held = tried.last.active.delete(request);
  endpoint.active.add(request);
  if (held) tellDrains(tried.last);
  return endpoint;
}

/** Counts a request out again, and tells a drain that waits for it. */
export function release(endpoint: EndpointState, request: InFlight): void {
  if (endpoint.active.delete(request)) tellDrains(endpoint);
}

function tellDrains(endpoint: EndpointState): void {
  for (const tell of endpoint.left) tell();
}

/** The endpoint with the fewest requests in flight; among equals, each with the same chance. */
export function leastBusy(
  endpoints: readonly EndpointState[],
  except: ReadonlySet<EndpointState> | null,
  random: () => number,
): EndpointState | null {
  let best: EndpointState | null = null;
  let ties = 0;
  for (const endpoint of endpoints) {
    if (except?.has(endpoint) === true) continue;
    if (best === null || endpoint.active.size < best.active.size) {
      best = endpoint;
      ties = 1;
    } else if (endpoint.active.size === best.active.size && random() * ++ties < 1) {
      best = endpoint;
    }
  }
  return best;
}
