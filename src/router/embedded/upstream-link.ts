import type { EndpointState } from './endpoint.ts';
import { LocalLink, type LocalServer } from './flags/local-link.ts';
import { openStream } from './http2/app-stream.ts';
import type { SentBody } from './http2/sent-body.ts';
import type { UpstreamLink, UpstreamOwner } from './upstream.ts';
import { Upstream, takeIdle } from './upstream.ts';

interface Wish {
  readonly keepAliveMs: number;
  /** Who answers in place of the endpoint; null (or absent): nobody. */
  readonly local?: LocalServer | null;
  /** Null: by HTTP/1.1. */
  readonly sentBody: SentBody | null;
  /** Which kept connections will do: see `takeIdle`. */
  readonly idle: 'any' | 'careful' | 'none';
}

/** A way to an endpoint for one request: a stream, a kept connection, or a new one. */
export function linkTo(endpoint: EndpointState, owner: UpstreamOwner, wish: Wish): UpstreamLink {
  const { keepAliveMs, local = null, sentBody, idle } = wish;
  if (local !== null) return new LocalLink(owner, local);
  if (sentBody !== null) return openStream(endpoint, owner, { keepAliveMs, sentBody });
  const kept = idle === 'none' ? null : takeIdle(endpoint, idle === 'careful', performance.now());
  if (kept === null) return new Upstream(endpoint, owner, keepAliveMs);
  kept.owner = owner;
  return kept;
}
