/**
 * INVARIANT 2. A request is decided and counted as in flight in ONE synchronous block, against ONE table reference:
 * `admit` reads `engine.table` once, and between that read and counting it there is no await, no callback and no second
 * read. So once a worker has replaced its table, no request can still be on its way to the old side without being
 * counted there, and a drain that starts after the last worker's acknowledgement sees every one. What is said of those
 * that wait for a place is said in wait-line.ts.
 */
import type { Moment, Want } from './balance.ts';
import { choose } from './balance.ts';
import type { Visitor } from './audience.ts';
import type { CompiledEnvironment, CompiledTable } from './compiled-table.ts';
import type { DecideMoment, Decision } from './decide.ts';
import type { Rule } from './rule.ts';
import { decide } from './decide.ts';
import type { Failure } from './ejection.ts';
import { afterFailure, afterSuccess } from './ejection.ts';
import type { EndpointState } from './endpoint.ts';
import { move, occupy, vacate } from './endpoint.ts';
import type { EndpointGroup } from './group.ts';
import type { RequestHead } from './request-head.ts';
import { homeOf } from './sticky.ts';
import type { Waiter } from './wait-line.ts';

export type Admission<Request extends Waiter> =
  | Exclude<Decision, { readonly kind: 'forward' }>
  | {
      readonly kind: 'forward';
      readonly request: Request;
      /** Null: it waits in its group's line, and will be told. */
      readonly endpoint: EndpointState | null;
      /** For how long at most. */
      readonly queueTimeoutMs: number;
    }
  | (Where & { readonly kind: 'no-endpoint' })
  | (Where & { readonly kind: 'queue-full'; readonly group: EndpointGroup });

/** What was decided, and by which rule. */
interface Where {
  readonly environment: CompiledEnvironment;
  readonly role: string;
  readonly rule: Rule;
  /** Null: nobody was asked who they are. */
  readonly visitor: Visitor | null;
}

/** Where a request belongs once it is decided. */
export interface Place extends Where {
  readonly group: EndpointGroup;
  readonly want: Want;
}

/** The worker's clock and chance, and the time of day (milliseconds since the epoch). */
export interface AdmitMoment extends Moment, DecideMoment {
  /** It has waited elsewhere: it has been let in once, and is not sent away now. */
  readonly again: boolean;
}

/** Decides where the request in `head` goes, and counts it there. `make` creates what is counted; it must not wait. */
export function admit<Request extends Waiter>(
  table: CompiledTable,
  head: RequestHead,
  moment: AdmitMoment,
  make: (place: Place) => Request,
): Admission<Request> {
  const decision = decide(table, head, moment);
  if (decision.kind !== 'forward') return decision;
  const { environment, role, rule, visitor = null } = decision;
  const { counts } = environment;
  const group = environment.roles.get(role) ?? null;
  if (group === null) {
    counts.requests++;
    return { kind: 'no-endpoint', environment, role, rule, visitor };
  }
  const want = wantOf(head, group);
  // Who comes may not overtake who waits.
  const choice = group.line.length > 0 ? 'full' : choose(group, want, moment);
  const tooMany = choice === 'full' && group.line.length >= group.queueSize && !moment.again;
  if (choice === 'none' || tooMany) {
    counts.requests++;
    const where = { environment, role, rule, visitor };
    return tooMany ? { kind: 'queue-full', ...where, group } : { kind: 'no-endpoint', ...where };
  }
  const { queueTimeoutMs } = group;
  const request = make({ environment, role, rule, group, want, visitor });
  request.pinned = rule === 'pinned';
  counts.inFlight++;
  if (choice === 'full') {
    group.line.enter(request, false);
    return { kind: 'forward', request, endpoint: null, queueTimeoutMs };
  }
  counts.requests++;
  occupy(choice, request);
  return { kind: 'forward', request, endpoint: choice, queueTimeoutMs };
}

/** Methods that may be sent twice without doing anything twice (RFC 9110 §9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}

function wantOf(head: RequestHead, { sticky }: EndpointGroup): Want {
  return {
    tried: null,
    home: sticky === null || head.cookie === '' ? null : homeOf(sticky, head.cookie),
    stream: head.websocket,
    repeatable: idempotent.has(head.method) && !head.chunked && head.length <= 0,
  };
}

/**
 * Moves a request that was not yet answered to another endpoint of its environment. `full`: there is one that it has
 * not tried, but it has no place; the request stays counted where it is. `none`: all have been tried.
 */
export function claimAnother(
  group: EndpointGroup,
  request: Waiter,
  last: EndpointState,
  moment: Moment,
): EndpointState | 'full' | 'none' {
  const choice = choose(group, request.want, moment);
  if (typeof choice !== 'string') move(request, last, choice);
  return choice;
}

/** Puts a request that lost its place in front of those that never had one, since it is older. */
export function waitAgain(group: EndpointGroup, request: Waiter, last: EndpointState): void {
  group.line.enter(request, true);
  vacate(last, request, true);
}

/** The endpoint failed this request. */
export function reportFailure(
  endpoint: EndpointState,
  failure: Failure,
  { group, request, moment }: { group: EndpointGroup; request: Waiter; moment: Moment },
): void {
  const { ejection, endpoints } = group;
  if (ejection === null) return;
  endpoint.standing = afterFailure(endpoint.standing, {
    policy: ejection,
    failure,
    out: endpoints.reduce((sum, { standing }) => sum + (standing.until === 0 ? 0 : 1), 0),
    of: endpoints.length,
    probe: endpoint.probe === request,
    ...moment,
  });
  if (endpoint.probe === request) endpoint.probe = null;
}

/** The endpoint has answered this request. */
export function reportSuccess(endpoint: EndpointState, request: Waiter, now: number): void {
  const { standing } = endpoint;
  if (standing.until === 0 && standing.failures === 0) return;
  endpoint.standing = afterSuccess(standing, endpoint.probe === request, now);
  if (endpoint.probe === request) endpoint.probe = null;
  if (endpoint.standing.until === 0) endpoint.line?.serveSoon();
}
