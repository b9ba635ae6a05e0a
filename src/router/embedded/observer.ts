import type { BlockList } from 'node:net';
import { clientAddress } from '../../audience/address.ts';
import type { Known } from '../access-line.ts';
import type { AccessLogQuery, ServerTiming } from '../../config/router.ts';
import type { CompiledApp, CompiledEnvironment } from './compiled-table.ts';
import type { Rule } from './rule.ts';
import { isPreview } from './rule.ts';
import { isWithin, type Peer } from './peer.ts';
import type { RequestHead } from './request-head.ts';
import { shownPath } from './shown-path.ts';
import type { TraceContext } from './trace-context.ts';
import { Visit } from './visit.ts';

export interface ObserverOptions {
  /** Takes a whole line; null when there is no access log. */
  readonly log: ((line: string) => void) | null;
  readonly query: AccessLogQuery;
  readonly timing: ServerTiming;
  readonly trustedProxies: BlockList;
}

/** The part of a decision that is told. */
export type Decided =
  | { readonly rule: Rule; readonly environment: CompiledEnvironment; readonly role: string }
  | { readonly rule: Rule; readonly app: CompiledApp | null };

/** What is known of a request beside its head. */
interface Asked {
  readonly peer: Peer;
  readonly requestId: string;
  readonly trace: TraceContext | null;
  /** Of the table that was asked. */
  readonly generation: number;
  /** As it was seen before it was decided again. */
  readonly before: Visit | null;
}

/** Watches requests for the access log and `Server-Timing`. An engine has none when both are off. */
export class Observer {
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /**
   * Null when nobody wants to know anything of this one.
   * @param head after the decision, which takes a preview token off it
   * @param decided null: there is no table yet
   */
  visit(head: RequestHead, asked: Asked, decided: Decided | null): Visit | null {
    const { log, timing, query, trustedProxies } = this.#options;
    const { peer } = asked;
    const rule = decided?.rule ?? 'no-table';
    const timed = timing === 'all' || (timing === 'preview' && isPreview(rule));
    if (log === null && !timed) return null;
    return new Visit(
      {
        ...whereOf(decided),
        rule,
        generation: asked.generation,
        method: head.method,
        host: head.host,
        path: log === null ? null : shownPath(head.target, query),
        protocol: `HTTP/${head.version}`,
        client: peer.trusted ? clientOf(peer, head, trustedProxies) : peer.address,
        requestId: asked.requestId,
        traceId: asked.trace?.traceId ?? null,
      },
      { log, timed, before: asked.before },
    );
  }

  /** A head that could not be read, or did not come: nothing in it is believed, so nothing of it is told. */
  unread(peer: Peer, generation: number): Visit | null {
    const { log } = this.#options;
    if (log === null) return null;
    const nothing = {
      ...whereOf(null),
      method: null,
      host: null,
      path: null,
      protocol: null,
      requestId: null,
      traceId: null,
    };
    return new Visit(
      { ...nothing, rule: 'unreadable', generation, client: peer.address },
      { log, timed: false, before: null },
    );
  }
}

function whereOf(decided: Decided | null): Pick<Known, 'app' | 'environment' | 'version' | 'role'> {
  if (decided === null || !('environment' in decided)) {
    return { app: decided?.app?.name ?? null, environment: null, version: null, role: null };
  }
  const { environment, role } = decided;
  return { app: environment.app, environment: environment.colour, version: environment.version, role };
}

/** The address that audiences go by; of a proxy that names none, its own. */
function clientOf(peer: Peer, { forwardedFor }: RequestHead, trustedProxies: BlockList): string {
  const trusted = { has: (address: string) => isWithin(address, trustedProxies) };
  return clientAddress(peer.address, forwardedFor, trusted) || peer.address;
}
