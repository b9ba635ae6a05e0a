import { randomBytes } from 'node:crypto';
import { askingOf } from './asking.ts';
import { visitorCookies, visitorLines } from './audience.ts';
import type { BodyReader } from './body.ts';
import { admit, type Place } from './claim.ts';
import type { CompiledApp, CompiledTable } from './compiled-table.ts';
import { cohortOf, isPreview, type Rule } from './rule.ts';
import type { Before, Downstream } from './downstream.ts';
import type { EndpointState } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import { admitFlags, asksForFlags } from './flags/admit-flags.ts';
import type { LocalServer } from './flags/local-link.ts';
import { copyOf } from './mirror/mirror.ts';
import { askedOf } from './judging.ts';
import type { Decided, Observer } from './observer.ts';
import { ownAnswer } from './own-answer.ts';
import type { Page } from './page.ts';
import { wantsJson } from './page.ts';
import type { Peer } from './peer.ts';
import { requestIdOf } from './peer.ts';
import type { RequestHead } from './request-head.ts';
import { rewriteRequest } from './rewrite-request.ts';
import type { TraceContext } from './trace-context.ts';
import { traceOf } from './trace-context.ts';
import { skewLine } from './skew.ts';
import type { Visit } from './visit.ts';

/** Keys that have to be fetched first are given up before this. */
const longestVerificationMs = 10_000;

/** What came with a head. */
export interface Arrived {
  readonly peer: Peer;
  /** For an HTTP/1.0 request that named none. */
  readonly fallbackHost: string;
  readonly body: BodyReader;
  /** Whether the client's connection can be kept when we answer ourselves. */
  readonly keep: boolean;
  /** Where it is sent to instead of being answered. */
  readonly location: string | null;
  /** It was decided before. */
  readonly before: Before | null;
}

export interface Begun {
  readonly exchange: Exchange;
  /** Null: it waits for one, until then. */
  readonly endpoint: EndpointState | null;
  readonly waitsUntil: number;
}

/**
 * Decides and counts one request (`admit` is the synchronous block of invariant 2), or answers it.
 * @returns what is to be started at once, or null when it is answered already, or decided again later
 */
export function begin(client: Downstream, head: RequestHead, arrived: Arrived): Begun | null {
  const { engine } = client;
  const { peer, fallbackHost, body, keep, location, before } = arrived;
  const requestId = requestIdOf(head, peer, () => engine.nextRequestId());
  const page = { requestId, json: wantsJson(head.accept) };
  const trace = engine.trace ? traceOf(head) : null;
  const { observer } = engine;
  const table = engine.tableFor(head.target);
  const answer = (own: Page, decided: Decided | null): null => {
    const visit =
      observer === null ? null : watch(observer, head, { peer, requestId, trace, table, before }, decided);
    client.answer(own, { method: head.method, keep, visit });
    return null;
  };
  if (location !== null) {
    const says = `This is served at ${location}.`;
    return answer({ ...page, status: 308, code: 'https', says, headers: `Location: ${location}\r\n` }, null);
  }
  if (table === null) {
    const says = 'The router has no routing table yet.';
    return answer({ ...page, status: 503, code: 'no-table', says }, null);
  }
  const today = Date.now();
  const waited = before?.verified === true;
  const moment = {
    now: engine.now,
    random: Math.random,
    today,
    again: before !== null && !waited,
    asking: askingOf(head, peer, { now: today, waited }),
    left: before?.left === true,
  };
  const toApp = (place: Place): Exchange => {
    const { environment, role, rule, group, want, visitor } = place;
    const lines =
      (visitor === null ? groupCohort(rule) : visitorLines(visitor)) +
      (environment.group === null ? '' : environment.group.at(today));
    const outgoing = { peer, environment, visitor: lines, requestId, trace, fallbackHost };
    const text = rewriteRequest(head, outgoing);
    const secure = peer.secure(head);
    const cookies =
      environment.versionLine +
      (environment.skew === null ? '' : skewLine(environment.skew, environment.colour, head, secure)) +
      (visitor === null ? '' : visitorCookies(visitor, { now: today, secure, newKey }));
    const visit =
      observer === null ? null : watch(observer, head, { peer, requestId, trace, table, before }, place);
    const copy =
      environment.mirror === null || rule !== 'live'
        ? null
        : copyOf(engine.copies, environment.mirror, { head, role, visitor, outgoing, moment });
    const last = before?.last ?? null;
    const asked = environment.judging === null ? null : askedOf(place);
    // Not by spreading `place`: that costs a request more than all of the choice.
    const sending = {
      environment,
      role,
      rule,
      group,
      want,
      visitor,
      cookies,
      head: head.text,
      text,
      requestId,
      secure,
      visit,
      copy,
      asked,
      last,
    };
    return new Exchange(client, head, sending, body);
  };
  const toFlags = (place: Place, local: LocalServer, app: CompiledApp): Exchange => {
    const seen = { peer, requestId, trace, table, before };
    const visit = observer === null ? null : watch(observer, head, seen, { rule: place.rule, app });
    const own = { cookies: '', head: head.text, text: '', requestId, visit, copy: null, asked: null };
    const secure = peer.secure(head);
    const last = before?.last ?? null;
    return new Exchange(client, head, { ...place, ...own, secure, last, local }, body);
  };
  const admission = asksForFlags(head.target)
    ? admitFlags(engine.flags, { table, head, moment }, toFlags)
    : admit(table, head, moment, toApp);
  if (admission.kind === 'forward') {
    const waitsUntil = before?.waitsUntil ?? engine.after(admission.queueTimeoutMs);
    return { exchange: admission.request, endpoint: admission.endpoint, waitsUntil };
  }
  if (admission.kind === 'verify') {
    decideWhen(admission.verified, client, head.text);
    return null;
  }
  if ('environment' in admission && admission.kind !== 'redirect') {
    admission.environment.counts.failed++;
    if (admission.environment.judging !== null) askedOf(admission)?.fail(performance.now());
  }
  return answer(ownAnswer(admission, page), admission);
}

/** Once it is known what the client brought, or that it is nothing. */
function decideWhen(verified: Promise<unknown>, client: Downstream, head: string): void {
  client.deadline = client.engine.after(longestVerificationMs);
  const again = (): void => {
    if (client.destroyed) return;
    client.decideAgain(head, { waitsUntil: null, last: null, visit: null, verified: true });
  };
  verified.then(again, again);
}

/** The app that asks was told who it is for; this one is told only on which side, as one that is shown in a preview is. */
const groupCohort = (rule: Rule): string =>
  rule === 'group' || rule === 'group-candidate' || isPreview(rule)
    ? `x-teal-cohort: ${cohortOf(rule)}\r\n`
    : '';

interface Seen {
  readonly peer: Peer;
  readonly requestId: string;
  readonly trace: TraceContext | null;
  readonly table: CompiledTable | null;
  readonly before: Before | null;
}

/** Asked of an observer only: what it has to be told is not even put together when there is none. */
function watch(observer: Observer, head: RequestHead, seen: Seen, decided: Decided | null): Visit | null {
  const { peer, requestId, trace, table, before } = seen;
  const asked = { peer, requestId, trace, generation: table?.generation ?? 0, before: before?.visit ?? null };
  return observer.visit(head, asked, decided);
}

const newKey = (): string => randomBytes(16).toString('base64url');
