import type { BalancePolicy } from '../../config/config.ts';
import { plainBalance } from '../../config/config.ts';
import type { EjectionPolicy } from '../../config/config.ts';
import type { EndpointState } from './endpoint.ts';
import type { Share } from './share.ts';
import { partOf } from './share.ts';
import type { Sticky } from './sticky.ts';
import { stickyOf } from './sticky.ts';
import type { WaitLine } from './wait-line.ts';

/** The endpoints of one role of one environment in one table, and how requests are spread over them. */
export interface EndpointGroup {
  readonly endpoints: readonly EndpointState[];
  /** Requests in flight at one endpoint, of this worker; Infinity for no limit. */
  readonly limit: number;
  /** 0 for none. */
  readonly slowStartMs: number;
  /** Null when nothing is ejected. */
  readonly ejection: EjectionPolicy | null;
  readonly sticky: Sticky | null;
  /** The same object in every table that has this version: who waits keeps waiting while tables come and go. */
  readonly line: WaitLine;
  /** Requests that may wait in `line`, of this worker. */
  readonly queueSize: number;
  readonly queueTimeoutMs: number;
}

export interface GroupParts {
  readonly endpoints: readonly EndpointState[];
  /** Absent in a table that an older Teal has made. */
  readonly balance: BalancePolicy | undefined;
  readonly share: Share;
  readonly line: WaitLine;
  readonly secret: { readonly key: string; readonly app: string; readonly role: string };
}

export function compileGroup(parts: GroupParts): EndpointGroup {
  const { endpoints, share, line, secret } = parts;
  const balance = parts.balance ?? plainBalance;
  const { maxInFlight, queue } = balance;
  return {
    endpoints,
    limit: maxInFlight === null ? Infinity : partOf(maxInFlight, share),
    slowStartMs: balance.slowStartMs ?? 0,
    ejection: balance.ejection,
    sticky: balance.sticky ? stickyOf(secret, endpoints) : null,
    line,
    queueSize: queue.size === 0 ? 0 : partOf(queue.size, share),
    queueTimeoutMs: queue.timeoutMs,
  };
}

/** By then the line that is there now has been served, or has given up. */
export function retryAfter({ queueTimeoutMs }: EndpointGroup): string {
  return `Retry-After: ${Math.max(1, Math.ceil(queueTimeoutMs / 1000))}\r\n`;
}
