import type { Choice, Moment, Want } from './balance.ts';
import { choose } from './balance.ts';
import type { Counts, EndpointState } from './endpoint.ts';
import { occupy } from './endpoint.ts';
import type { EndpointGroup } from './group.ts';
import type { InFlight } from './in-flight.ts';

/**
 * A request that every endpoint is too busy for. It is in flight of its environment, but at no endpoint yet.
 */
export interface Waiter extends InFlight {
  readonly want: Want;
  /** There is a place for it, and it is counted there. */
  begin(endpoint: EndpointState): void;
  /** It has tried all there are. */
  hopeless(): void;
  /** Its environment has lost its place: it is to be decided again, by the table now in force. */
  decideAgain(): void;
}

/**
 * Who waits for an endpoint of one role of one environment, first come first served.
 *
 * INVARIANT 2, for those who wait. One that waits has been decided, but nothing of it has been sent to anybody. So when
 * a new table sends the app's requests elsewhere, or has no such environment any more, it is decided again by that table,
 * in the synchronous block that puts the table in force: from then on nobody waits on the old side, and a drain, which
 * begins after that, has nobody to wait for. (Refused: to stay with the first decision. A drain would then have to wait
 * for a line as well, and those who wait for a version that is being rolled back would have to wait for just that one.)
 * When only the endpoints have changed, it waits on, for those that are there now.
 */
export class WaitLine {
  /** Of the environment and version it belongs to. */
  readonly counts: Counts;
  readonly role: string;
  /** The group of the table in force; null when that has none. */
  group: EndpointGroup | null = null;
  /** Rises whenever those who wait have to be decided again: who was decided before does not wait here any more. */
  epoch = 0;
  readonly #waiting: Waiter[] = [];
  readonly #moment: () => Moment;
  #servedSoon = false;

  constructor(counts: Counts, role: string, moment: () => Moment) {
    this.counts = counts;
    this.role = role;
    this.#moment = moment;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** At the end, or at the front for one that had a place before and lost it. */
  enter(waiter: Waiter, atFront: boolean): void {
    if (atFront) this.#waiting.unshift(waiter);
    else this.#waiting.push(waiter);
    this.counts.waiting++;
  }

  leave(waiter: Waiter): boolean {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.counts.waiting--;
    return true;
  }

  /** Takes everybody out for good, in their order. */
  empty(): readonly Waiter[] {
    this.epoch++;
    this.counts.waiting -= this.#waiting.length;
    return this.#waiting.splice(0);
  }

  /**
   * Lets in whoever can be, after what happens now: a place becomes free in the middle of another request's end.
   * Nobody overtakes meanwhile, since who comes joins the line as long as there is one.
   */
  serveSoon(): void {
    if (this.#servedSoon || this.#waiting.length === 0) return;
    this.#servedSoon = true;
    queueMicrotask(() => {
      this.#servedSoon = false;
      this.#serve(this.#moment());
    });
  }

  #serve(moment: Moment): void {
    const { group } = this;
    // With no endpoint at the moment, the next may be on its way.
    if (group === null || group.endpoints.length === 0) return;
    for (let at = 0; at < this.#waiting.length;) {
      const waiter = this.#waiting[at] as Waiter;
      const choice = choose(group, waiter.want, moment);
      if (choice === 'full') {
        // Another may still fit: the first may have tried just the one that is free.
        if (!hasPlace(group)) return;
        at++;
        continue;
      }
      this.#waiting.splice(at, 1);
      this.counts.waiting--;
      letIn(waiter, choice);
    }
  }
}

function letIn(waiter: Waiter, choice: Exclude<Choice, 'full'>): void {
  if (choice === 'none') {
    waiter.hopeless();
    return;
  }
  occupy(choice, waiter);
  waiter.begin(choice);
}

function hasPlace({ endpoints, limit }: EndpointGroup): boolean {
  return endpoints.some(({ busy }) => busy < limit);
}
