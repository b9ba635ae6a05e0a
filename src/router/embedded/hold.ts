import type { Attempts } from './attempts.ts';
import type { Want } from './balance.ts';
import type { Place } from './claim.ts';
import { claimAnother, reportFailure, reportSuccess, waitAgain } from './claim.ts';
import type { Failure } from './ejection.ts';
import type { Fault } from './faults.ts';
import type { EndpointState } from './endpoint.ts';
import { becameStream, vacate } from './endpoint.ts';
import type { Engine } from './engine.ts';
import type { Sending } from './sending.ts';
import { cohortOf } from './rule.ts';
import { tally } from '../tally.ts';
import { stickyLine } from './sticky.ts';
import type { Waiter } from './wait-line.ts';

/**
 * What becomes of a request whose endpoint failed it: it has another, or the same again (`connect`); it waits for one;
 * it is to be decided again, since its environment has lost its place meanwhile, or goes to live, since no instance of the candidate would
 * have it; or that was all.
 */
export type Again = 'connect' | 'wait' | 'decide-again' | 'leave' | 'give-up';

/**
 * Where one request is counted: in its group's line or at exactly one endpoint, and all the time in its environment;
 * from `admit` until `leave`.
 */
export class Hold {
  want: Want;
  /** Null while it waits, and in the end. */
  endpoint: EndpointState | null = null;
  /** On the engine's clock; null when it does not wait. */
  waitsUntil: number | null = null;
  readonly #place: Place & Pick<Sending, 'asked'>;
  readonly #request: Waiter;
  readonly #engine: Engine;
  readonly #epoch: number;
  readonly #begun = performance.now();
  #tried: Set<EndpointState> | null = null;
  #blamed: EndpointState | null = null;
  #left = false;

  constructor(place: Place & Pick<Sending, 'asked'>, request: Waiter, engine: Engine) {
    this.#place = place;
    if (place.asked !== null) place.asked.at = this;
    this.#request = request;
    this.#engine = engine;
    this.want = place.want;
    this.#epoch = place.group.line.epoch;
  }

  /** @param endpoint null: it waits, until then */
  start(endpoint: EndpointState | null, until: number): void {
    this.endpoint = endpoint;
    if (endpoint === null) this.waitsUntil = until;
  }

  /** @returns whether it has been at another endpoint before */
  begin(endpoint: EndpointState): boolean {
    const fresh = this.waitsUntil !== null && this.#tried === null;
    if (fresh) this.#place.environment.counts.requests++;
    this.waitsUntil = null;
    this.endpoint = endpoint;
    return this.#tried !== null;
  }

  /** @param kept a kept connection was closed: the same endpoint will do, and it is no retry of the app's */
  again(kept: boolean, attempts: Attempts): Again {
    const again = this.#another(kept);
    return again === 'give-up' && this.leaves(attempts) ? 'leave' : again;
  }

  #another(kept: boolean): Exclude<Again, 'leave'> {
    const last = this.endpoint as EndpointState;
    const { environment, group } = this.#place;
    if (!kept && !environment.retries.take(environment.counts.requests)) return 'give-up';
    this.#tried ??= new Set();
    this.#tried.add(last);
    this.want = { ...this.want, tried: this.#tried };
    const next = claimAnother(group, this.#request, last, this.#engine.moment());
    if (typeof next !== 'string') {
      this.endpoint = next;
      return 'connect';
    }
    if (kept) return 'connect';
    if (next === 'none') return 'give-up';
    if (group.line.epoch !== this.#epoch) return 'decide-again';
    this.endpoint = null;
    this.waitsUntil = this.#engine.after(group.queueTimeoutMs);
    waitAgain(group, this.#request, last);
    return 'wait';
  }

  /**
   * No instance of a candidate has taken the request or begun it, and all of it is still here: then live has it, since who goes first is not
   * to be refused for it. For the candidate it is a failure.
   */
  leaves({ bodySent }: Pick<Attempts, 'bodySent'>): boolean {
    const { environment, visitor } = this.#place;
    const leaves =
      !bodySent && visitor?.routed.side === 'candidate' && visitor.routed.environment === environment.colour;
    if (leaves) {
      this.#place.asked?.fail(performance.now());
      if (this.waitsUntil !== null && this.#tried === null) environment.counts.requests++;
      environment.counts.failed++;
    }
    return leaves;
  }

  /** Once per endpoint, whatever else goes wrong with it. */
  blame(failure: Failure): void {
    if (this.endpoint === null || this.endpoint === this.#blamed) return;
    this.#blamed = this.endpoint;
    const { group } = this.#place;
    reportFailure(this.endpoint, failure, {
      group,
      request: this.#request,
      moment: this.#engine.moment(),
    });
  }

  /** The app has answered with this status. */
  answered(status: number, streaming: boolean): void {
    const { environment, group, rule, asked } = this.#place;
    if (status >= 500) environment.counts.errors++;
    const cohort = cohortOf(rule);
    const now = performance.now();
    tally(environment.counts.tallies, cohort, status, now - this.#begun);
    if (cohort === 'live') environment.latencies.add(now - this.#begun);
    asked?.answered(status, now);
    if (status >= 500 && group.ejection?.appErrors === true) this.blame('broken');
    else if (this.endpoint !== null) reportSuccess(this.endpoint, this.#request, this.#engine.now);
    if (streaming && this.endpoint !== null) becameStream(this.endpoint, this.#request);
  }

  /** The request will have no (complete) answer. */
  failed({ status, blame, excused, ofClient }: Fault): void {
    if (status >= 500 && excused !== true) {
      this.#place.environment.counts.failed++;
      if (ofClient !== true) this.#place.asked?.fail(performance.now());
    }
    if (blame !== undefined) this.blame(blame);
  }

  /** Tells the client who it is, and where it belongs from now on, if it does not know; and how long things took. */
  ownLines({ cookies, secure, visit }: Pick<Sending, 'cookies' | 'secure' | 'visit'>): string {
    const { sticky } = this.#place.group;
    const own = visit === null ? cookies : cookies + visit.serverTiming();
    if (sticky === null || this.want.home !== null || this.endpoint === null) return own;
    return own + stickyLine(sticky, this.endpoint, secure);
  }

  /** @param elsewhere it goes on in another environment, and has only waited in this one */
  leave(elsewhere = false): void {
    if (this.#left) return;
    this.#left = true;
    if (elsewhere) this.#place.asked?.forget();
    else this.#place.asked?.end();
    const { counts } = this.#place.environment;
    counts.inFlight--;
    if (this.waitsUntil !== null) {
      this.#place.group.line.leave(this.#request);
      if (!elsewhere && this.#tried === null) counts.requests++;
    } else if (this.endpoint !== null) {
      vacate(this.endpoint, this.#request, elsewhere);
    }
    this.endpoint = null;
  }
}
