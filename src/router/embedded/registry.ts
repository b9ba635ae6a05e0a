import { Latencies } from '../../metrics/latencies.ts';
import type { Colour } from '../../release/state.ts';
import type { Moment } from './balance.ts';
import type { CompiledApp, CompiledTable } from './compiled-table.ts';
import type { Counts, EndpointState } from './endpoint.ts';
import { closeIdle, newEndpoint } from './endpoint.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Share } from './share.ts';
import { whole } from './share.ts';
import { Taps } from './taps.ts';
import type { Waiter } from './wait-line.ts';
import { WaitLine } from './wait-line.ts';

/**
 * How long the counts of a version that is in no table any more are still reported: so that whoever asks every minute
 * sees how it ended, and a drain that another worker still has at hand does not make the sum smaller.
 */
const forgetAfterMs = 10 * 60_000;

/** What a worker keeps by identity and not by table: endpoints, counts, lines of waiting requests. */
export class Registry {
  readonly endpoints: Map<string, EndpointState> = new Map();
  readonly counts: Map<string, Counts> = new Map();
  readonly share: Share;
  readonly taps: Taps = new Taps();
  readonly #latencies = new WeakMap<Counts, Latencies>();
  readonly #lines = new Map<string, WaitLine>();
  readonly #budgets = new WeakMap<Counts, RetryBudget>();
  /** Since when they have been out of the table. */
  readonly #outSince = new Map<string, number>();
  readonly #moment: () => Moment;

  /** @param moment the worker's clock; a registry that serves nobody needs none */
  constructor(share: Share = whole, moment: () => Moment = () => ({ now: 0, random: Math.random })) {
    this.share = share;
    this.#moment = moment;
  }

  now(): number {
    return this.#moment().now;
  }

  endpoint(id: string, host: string, port: number): EndpointState {
    const known = this.endpoints.get(id);
    if (known !== undefined && known.host === host && known.port === port) return known;
    const state = newEndpoint(id, host, port, this.now());
    this.endpoints.set(id, state);
    return state;
  }

  count(app: string, colour: Colour, version: string): Counts {
    const key = keyOf({ app, colour, version });
    let counts = this.counts.get(key);
    if (counts === undefined) {
      counts = {
        app,
        colour,
        version,
        requests: 0,
        errors: 0,
        failed: 0,
        inFlight: 0,
        waiting: 0,
        tallies: {},
        copies: {},
      };
      this.counts.set(key, counts);
      this.#budgets.set(counts, new RetryBudget());
    }
    return counts;
  }

  budget(counts: Counts): RetryBudget {
    const budget = this.#budgets.get(counts) ?? new RetryBudget();
    this.#budgets.set(counts, budget);
    return budget;
  }

  /** Of the answers that everyone got who was not sent elsewhere. */
  latencies(counts: Counts): Latencies {
    const latencies = this.#latencies.get(counts) ?? new Latencies();
    this.#latencies.set(counts, latencies);
    return latencies;
  }

  line(counts: Counts, role: string): WaitLine {
    const key = JSON.stringify([counts.app, counts.colour, counts.version, role]);
    let line = this.#lines.get(key);
    // Counts that were forgotten and came back are others: their line as well.
    if (line?.counts !== counts) {
      line = new WaitLine(counts, role, this.#moment);
      this.#lines.set(key, line);
    }
    return line;
  }

  /**
   * After a commit: closes what is kept to endpoints that left, and forgets those that nothing uses.
   * @returns who waited where the new table sends nobody, in their order: they are to be decided again
   */
  adopt(table: CompiledTable, before: CompiledTable | null): readonly Waiter[] {
    for (const [id, endpoint] of this.endpoints) {
      endpoint.gone = !table.endpointIds.has(id);
      if (!endpoint.gone) continue;
      closeIdle(endpoint);
      if (endpoint.active.size === 0) this.endpoints.delete(id);
    }
    this.taps.keep(table.apps.values());
    return this.#adoptLines(table, before);
  }

  #adoptLines(table: CompiledTable, before: CompiledTable | null): readonly Waiter[] {
    const displaced: Waiter[] = [];
    for (const [key, line] of this.#lines) {
      const { app, colour, version } = line.counts;
      const now = table.apps.get(app);
      const environment = now?.environments[colour] ?? null;
      line.group = environment?.version === version ? (environment.roles.get(line.role) ?? null) : null;
      if (line.group === null || (before !== null && moves(before.apps.get(app), now, colour)))
        displaced.push(...line.empty());
      if (line.group === null) {
        this.#lines.delete(key);
        continue;
      }
      for (const endpoint of line.group.endpoints) endpoint.line = line;
      line.serveSoon();
    }
    return displaced;
  }

  /** To be called each second: what depends on time. */
  age(table: CompiledTable | null, now: number): void {
    for (const line of this.#lines.values()) line.serveSoon();
    for (const [key, counts] of this.counts) {
      this.#budgets.get(counts)?.fade(counts.requests);
      const environment = table?.apps.get(counts.app)?.environments[counts.colour];
      if (environment?.version === counts.version || counts.inFlight > 0) this.#outSince.delete(key);
      else this.#forget(key, now);
    }
  }

  #forget(key: string, now: number): void {
    const since = this.#outSince.get(key);
    if (since === undefined) this.#outSince.set(key, now);
    else if (now - since >= forgetAfterMs) {
      this.counts.delete(key);
      this.#outSince.delete(key);
    }
  }
}

/** Whether those who wait at this environment may belong elsewhere now: something else is live, or they were chosen by a release that chooses others now, or nobody. */
function moves(before: CompiledApp | undefined, now: CompiledApp | undefined, colour: Colour): boolean {
  return before?.live !== now?.live || (colour !== now?.live && exposing(before) !== exposing(now));
}

/** The release that sends people to its candidate. */
function exposing(app: CompiledApp | undefined): string | null {
  const release = app?.audience?.table.release ?? null;
  return release === null || release.expired ? null : release.id;
}

function keyOf({ app, colour, version }: Pick<Counts, 'app' | 'colour' | 'version'>): string {
  return JSON.stringify([app, colour, version]);
}
