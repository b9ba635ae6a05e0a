import type { MetricPolicy } from '../../config/metrics.ts';
import type { Rule } from '../../judge/facts.ts';
import { ask, type Asker, type Values } from './ask.ts';
import { found, nothingFound, ruleOf, type Found } from './limit.ts';
import type { Reading } from './reading.ts';

/** One of the two environments of a release. */
export interface Side {
  readonly environment: string;
  readonly version: string;
}

/** What the judge asks at a tick. */
export interface Asked {
  readonly app: string;
  readonly release: string;
  /** As the release was deployed with; the same at every tick of it. */
  readonly metrics: readonly MetricPolicy[];
  readonly candidate: Side;
  /** Null: nobody is on the old version any more. */
  readonly live: Side | null;
  /** Ends what is being asked. */
  readonly signal: AbortSignal;
}

export interface CustomMetricsOptions extends Asker {
  /** Milliseconds, by a clock that cannot jump. */
  now(): number;
}

interface Watched {
  found: Found;
  /** When the last question went out; null: none has. */
  askedAt: number | null;
  busy: boolean;
}

interface Release {
  readonly id: string;
  readonly since: number;
  readonly metrics: Map<string, Watched>;
}

/**
 * Asks the custom metrics of running releases, each at its own interval, and says what the rules are. What is remembered is in memory: after a
 * restart rows and windows begin anew, which can only make a rollback later.
 */
export class CustomMetrics {
  readonly #options: CustomMetricsOptions;
  readonly #releases = new Map<string, Release>();
  readonly #asking = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  constructor(options: CustomMetricsOptions) {
    this.#options = options;
  }

  /**
   * The rules as they stand now, in the order of teal.yaml. Waits for no answer: a tick of the judge has to end on time, and what comes in
   * late counts at the next one.
   */
  async rules(asked: Asked): Promise<readonly Rule[]> {
    const now = this.#options.now();
    const release = this.#release(asked, now);
    const names = { candidate: asked.candidate.environment, live: asked.live?.environment ?? 'live' };
    return asked.metrics.map((policy) => {
      const watched = this.#watched(release, policy);
      if (isDue(policy, watched, { now, since: release.since })) this.#start(policy, watched, asked);
      return ruleOf(policy, watched.found, names, now);
    });
  }

  /** Ends every question, and waits until it has. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all(this.#asking);
  }

  /** Only the last one of each app: an app has one release at a time. */
  #release({ app, release: id }: Asked, now: number): Release {
    const known = this.#releases.get(app);
    if (known?.id === id) return known;
    const fresh: Release = { id, since: now, metrics: new Map() };
    this.#releases.set(app, fresh);
    return fresh;
  }

  #watched({ metrics }: Release, { name }: MetricPolicy): Watched {
    const known = metrics.get(name);
    if (known !== undefined) return known;
    const fresh: Watched = { found: nothingFound, askedAt: null, busy: false };
    metrics.set(name, fresh);
    return fresh;
  }

  #start(policy: MetricPolicy, watched: Watched, asked: Asked): void {
    if (this.#closed.signal.aborted || asked.signal.aborted) return;
    watched.askedAt = this.#options.now();
    watched.busy = true;
    const looking = this.#look(policy, watched, asked).finally(() => {
      watched.busy = false;
      this.#asking.delete(looking);
    });
    this.#asking.add(looking);
  }

  async #look(policy: MetricPolicy, watched: Watched, asked: Asked): Promise<void> {
    const signal = AbortSignal.any([asked.signal, this.#closed.signal]);
    const [candidate, live] = await Promise.all([
      this.#ask(policy, asked, asked.candidate, signal),
      isRelative(policy) && asked.live !== null ? this.#ask(policy, asked, asked.live, signal) : null,
    ]);
    // Given up by us, not by the source.
    if (signal.aborted) return;
    watched.found = found(policy, watched.found, { at: this.#options.now(), candidate, live });
  }

  #ask(policy: MetricPolicy, asked: Asked, side: Side, signal: AbortSignal): Promise<Reading> {
    return ask(policy, valuesOf(asked, side), this.#options, signal);
  }
}

/** What placeholders stand for on one side. */
export const valuesOf = (
  { app, release }: { readonly app: string; readonly release: string },
  { environment, version }: Side,
): Values => ({ app, release, environment, version });

const isRelative = ({ limits }: MetricPolicy): boolean =>
  limits.maxRatio !== null || limits.minRatio !== null;

/** One question at a time: a source that is slow is not helped by more of them. */
function isDue(
  { delayMs, intervalMs }: MetricPolicy,
  { askedAt, busy }: Watched,
  { now, since }: { readonly now: number; readonly since: number },
): boolean {
  if (busy || now - since < delayMs) return false;
  return askedAt === null || now - askedAt >= intervalMs;
}
