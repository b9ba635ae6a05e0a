import type { BodyReader } from './body.ts';
import type { Admission } from './claim.ts';
import { admit } from './claim.ts';
import type { Downstream } from './downstream.ts';
import type { EndpointState } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import { retryAfter } from './group.ts';
import type { Page } from './page.ts';
import { wantsJson } from './page.ts';
import type { Peer } from './peer.ts';
import { requestIdOf } from './peer.ts';
import type { RequestHead } from './request-head.ts';
import { rewriteRequest } from './rewrite-request.ts';

/** What came with a head. */
export interface Arrived {
  readonly peer: Peer;
  /** For an HTTP/1.0 request that named none. */
  readonly fallbackHost: string;
  readonly body: BodyReader;
  /** Whether the client's connection can be kept when we answer ourselves. */
  readonly keep: boolean;
  /** It was decided before. */
  readonly before: Before | null;
}

export interface Before {
  /** On the engine's clock; null when it has not waited. */
  readonly waitsUntil: number | null;
}

export interface Begun {
  readonly exchange: Exchange;
  /** Null: it waits for one, until then. */
  readonly endpoint: EndpointState | null;
  readonly waitsUntil: number;
}

/**
 * Decides and counts one request (`admit` is the synchronous block of invariant 2), or answers it.
 * @returns what is to be started at once, or null when it is answered already
 */
export function begin(client: Downstream, head: RequestHead, arrived: Arrived): Begun | null {
  const { engine } = client;
  const { peer, fallbackHost, body, keep, before } = arrived;
  const requestId = requestIdOf(head, peer, () => engine.nextRequestId());
  const page = { requestId, json: wantsJson(head.accept) };
  const answer = (own: Page): null => {
    client.answer(own, { method: head.method, keep });
    return null;
  };
  const { table } = engine;
  if (table === null) {
    return answer({ ...page, status: 503, code: 'no-table', says: 'The router has no routing table yet.' });
  }
  const moment = { now: engine.now, random: Math.random, today: Date.now(), again: before !== null };
  const admission = admit(table, head, moment, (place) => {
    const { environment, role, group, want } = place;
    const text = rewriteRequest(head, { peer, environment, requestId, fallbackHost });
    const secure = peer.secure(head);
    // Not by spreading `place`: that costs a request more than all of the choice.
    const sending = { environment, role, group, want, head: head.text, text, requestId, secure };
    return new Exchange(client, head, sending, body);
  });
  if (admission.kind === 'forward') {
    const waitsUntil = before?.waitsUntil ?? engine.after(admission.queueTimeoutMs);
    return { exchange: admission.request, endpoint: admission.endpoint, waitsUntil };
  }
  if ('environment' in admission) admission.environment.counts.failed++;
  return answer({ ...page, ...ownAnswer(admission) });
}

type NotForwarded = Exclude<Admission<Exchange>, { readonly kind: 'forward' }>;

function ownAnswer(admission: NotForwarded): Pick<Page, 'status' | 'code' | 'says' | 'headers'> {
  switch (admission.kind) {
    case 'redirect': {
      const headers = `Location: ${admission.location}\r\nSet-Cookie: ${admission.cookie}\r\n`;
      return { status: 302, code: 'preview', says: `The preview is at ${admission.location}.`, headers };
    }
    case 'no-endpoint': {
      const says = 'No instance of the app can take requests at the moment.';
      return { status: 503, code: 'no-endpoint', says };
    }
    case 'queue-full': {
      const says = 'Every instance of the app is busy, and as many requests wait as may.';
      return { status: 503, code: 'queue-full', says, headers: retryAfter(admission.group) };
    }
    case 'refuse': {
      const { status, code, says, retryAfter: seconds } = admission.refusal;
      return { status, code, says, headers: seconds === undefined ? '' : `Retry-After: ${seconds}\r\n` };
    }
  }
}
