import type { CopyOutcome } from '../../tally.ts';
import type { CompiledEnvironment, CompiledTable } from '../compiled-table.ts';
import type { EndpointState } from '../endpoint.ts';
import { closeIdle, newEndpoint } from '../endpoint.ts';
import type { ResponseHead } from '../response-head.ts';
import type { Copy } from './copy.ts';

/**
 * Copies of one candidate under way at a time, of one worker: at 50 ms an answer that is 1280 in a second, and with the largest body that is
 * copied 64 MiB. What comes beyond is not copied, so that a candidate that hangs costs the router no more.
 */
const mostAtOnce = 64;

/** What copies need of the engine. */
export interface CopyClock {
  readonly now: number;
  readonly responseHead: ResponseHead;
  after(ms: number): number;
}

/**
 * The copies of a worker. They have connections of their own, also where the candidate has people: neither those nor live's are ever taken, and
 * what goes wrong with a copy says nothing of an instance that people are sent to.
 */
export class Copies {
  readonly clock: CopyClock;
  /** Beside those of the registry, by the same ids. */
  readonly endpoints: Map<string, EndpointState> = new Map();
  readonly #open = new Set<Copy>();
  readonly #at = new Map<string, number>();
  #turn = 0;

  constructor(clock: CopyClock) {
    this.clock = clock;
  }

  /** @returns false when too many are under way */
  enter(copy: Copy): boolean {
    const key = keyOf(copy.environment);
    const open = this.#at.get(key) ?? 0;
    if (open >= mostAtOnce) return false;
    this.#at.set(key, open + 1);
    this.#open.add(copy);
    return true;
  }

  leave(copy: Copy): void {
    if (!this.#open.delete(copy)) return;
    const key = keyOf(copy.environment);
    const open = (this.#at.get(key) ?? 1) - 1;
    if (open === 0) this.#at.delete(key);
    else this.#at.set(key, open);
  }

  count({ counts: { copies } }: CompiledEnvironment, outcome: CopyOutcome): void {
    copies[outcome] = (copies[outcome] ?? 0) + 1;
  }

  /** An instance of the role, each in turn; null when there is none. */
  endpoint({ roles }: CompiledEnvironment, role: string): EndpointState | null {
    const all = roles.get(role)?.endpoints ?? [];
    const next = all[this.#turn++ % Math.max(1, all.length)];
    if (next === undefined) return null;
    const known = this.endpoints.get(next.id);
    if (known !== undefined && known.host === next.host && known.port === next.port) return known;
    const made = newEndpoint(next.id, next.host, next.port, this.clock.now);
    if (known !== undefined) leaves(known);
    this.endpoints.set(next.id, made);
    return made;
  }

  /** After a commit: what is kept to instances that nothing is copied to any more is closed. */
  adopt({ apps }: CompiledTable): void {
    if (this.endpoints.size === 0) return;
    const kept = new Set<string>();
    for (const { live, environments } of apps.values()) {
      const mirror = live === null ? null : (environments[live]?.mirror ?? null);
      for (const { endpoints } of mirror?.environment.roles.values() ?? [])
        for (const { id } of endpoints) kept.add(id);
    }
    for (const [id, endpoint] of this.endpoints) {
      if (kept.has(id)) continue;
      leaves(endpoint);
      this.endpoints.delete(id);
    }
  }

  expire(now: number): void {
    for (const copy of this.#open) if (copy.deadline <= now) copy.expire();
  }

  close(): void {
    for (const copy of this.#open) copy.cut();
  }
}

/** What is under way there ends by itself, and its connection is closed then. */
function leaves(endpoint: EndpointState): void {
  endpoint.gone = true;
  closeIdle(endpoint);
}

const keyOf = ({ app, colour, version }: CompiledEnvironment): string => `${app} ${colour} ${version}`;
