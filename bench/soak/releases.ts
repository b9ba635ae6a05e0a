/** Releases of one app, straight against the router: candidates, switches, rollbacks, drains, all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import type { DrainRequest } from '../../src/router/router.ts';
import type { Endpoint, RoutingTable } from '../../src/router/table.ts';
import type { Child } from '../lib/child.ts';
import { epochNow } from '../lib/clock.ts';
import { upstreamPolicy } from '../lib/router-options.ts';
import type { OriginAsk } from './origin-process.ts';
import type { VersionNews } from './versions.ts';

type Colour = 'blue' | 'green';

export interface Parts {
  readonly router: EmbeddedRouter;
  readonly origin: Child;
  /** Told what is live. */
  readonly hear: (news: VersionNews) => void;
}

export interface ReleaseTally {
  readonly releases: number;
  readonly switches: number;
  /** Among the switches. */
  readonly rollbacks: number;
  readonly drains: number;
  /** Drains that were given up for a rollback. */
  readonly givenUp: number;
  /** What was still open at the deadline of a drain: lost. */
  readonly cut: number;
  /** Connections to instances that had been drained and taken out of the table. */
  readonly leftOpen: number;
}

interface Environment {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
}

const app = 'soak';
const instances = 2;
/** Much longer than any request or stream of the soak: whatever is cut is a fault. */
const drainMs = 20_000;
const policies = ['drain', 'close', 'spread'] as const;
/**
 * Of a `spread`, which takes what time its streams leave it. Four times the longest request of the soak, so that a
 * machine short of CPU cuts none; more would let most streams end by themselves before their turn.
 */
const spreadMs = 6_000;
/** For the instances that announce nothing. */
const keepAliveMs = 3_000;

export class Releases {
  readonly #parts: Parts;
  readonly #environments: Record<Colour, Environment | null> = { blue: null, green: null };
  #live: Colour = 'blue';
  #generation = 0;
  #turn = 0;
  readonly #tally = { releases: 0, switches: 0, rollbacks: 0, drains: 0, givenUp: 0, cut: 0, leftOpen: 0 };

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get tally(): ReleaseTally {
    return { ...this.#tally };
  }

  /** The first version, live. */
  async begin(): Promise<void> {
    await this.#candidate(this.#live);
    await this.#switchTo(this.#live);
    this.#tally.switches = 0;
  }

  /** One after the other until stopped; the last one is completed. @param pauseMs between two */
  async run(stopped: AbortSignal, pauseMs: number): Promise<void> {
    while (!stopped.aborted) {
      await this.#release();
      await sleep(pauseMs, null, { signal: stopped }).catch(() => null);
    }
  }

  /** In turn: promoted; rolled back before the drain; rolled back in the middle of the drain. */
  async #release(): Promise<void> {
    const old = this.#live;
    const fresh = old === 'blue' ? 'green' : 'blue';
    this.#turn += 1;
    this.#tally.releases += 1;
    await this.#candidate(fresh);
    await this.#switchTo(fresh);
    const way = this.#turn % 4;
    if (way === 2) {
      await sleep(300);
      await this.#rollBack(old);
    } else if (way === 0) {
      const giveUp = new AbortController();
      const drain = this.#drain(old, giveUp.signal);
      await sleep(150);
      giveUp.abort();
      await drain;
      await this.#rollBack(old);
    }
    const idle = this.#live === old ? fresh : old;
    await this.#drain(idle);
    await this.#retire(idle);
  }

  async #rollBack(colour: Colour): Promise<void> {
    await this.#switchTo(colour);
    this.#tally.rollbacks += 1;
  }

  async #candidate(colour: Colour): Promise<void> {
    const version = `v${this.#tally.releases}`;
    const endpoints: Endpoint[] = [];
    for (let index = 1; index <= instances; index += 1) {
      const port = (await this.#origin({ kind: 'open', version, announces: index % 2 === 0 })) as number;
      endpoints.push({ id: `${app}-${version}-${index}`, role: 'web', host: '127.0.0.1', port });
    }
    this.#environments[colour] = { version, endpoints };
    if (this.#generation > 0) await this.#apply();
  }

  async #switchTo(colour: Colour): Promise<void> {
    const version = this.#environments[colour]?.version ?? '';
    this.#live = colour;
    this.#parts.hear({ kind: 'begins', version, at: epochNow() });
    await this.#apply();
    this.#parts.hear({ kind: 'in-force', version, at: epochNow() });
    this.#tally.switches += 1;
  }

  async #drain(colour: Colour, giveUp?: AbortSignal): Promise<void> {
    const streams = policies[this.#turn % policies.length] ?? 'drain';
    const request: DrainRequest = {
      app,
      endpoints: this.#environments[colour]?.endpoints.map(({ id }) => id) ?? [],
      streams,
      deadlineMs: streams === 'spread' && giveUp === undefined ? spreadMs : drainMs,
    };
    try {
      const { cut } = await this.#parts.router.drain(request, giveUp ?? new AbortController().signal);
      this.#tally.drains += 1;
      this.#tally.cut += cut;
    } catch (error) {
      if (giveUp?.aborted !== true) throw error;
      this.#tally.givenUp += 1;
    }
  }

  async #retire(colour: Colour): Promise<void> {
    const endpoints = this.#environments[colour]?.endpoints ?? [];
    this.#environments[colour] = null;
    await this.#apply();
    for (const { port } of endpoints)
      this.#tally.leftOpen += (await this.#origin({ kind: 'close', port })) as number;
  }

  #origin(ask: OriginAsk): Promise<unknown> {
    return this.#parts.origin.ask(ask);
  }

  async #apply(): Promise<void> {
    this.#generation += 1;
    await this.#parts.router.apply(this.#table());
  }

  #table(): RoutingTable {
    return {
      generation: this.#generation,
      apps: [
        {
          app,
          live: this.#live,
          routes: [{ role: 'web', hosts: [], paths: [] }],
          environments: { ...this.#environments },
          maintenance: null,
          previewKey: 'bm90IGEgc2VjcmV0',
          drain: { streams: 'drain', deadlineMs: drainMs },
          upstream: upstreamPolicy(keepAliveMs),
        },
      ],
    };
  }
}
