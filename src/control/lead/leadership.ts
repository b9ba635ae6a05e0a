import type { Logger } from 'pino';
import { TealError } from '../../errors.ts';
import type { Candidate, Leases } from '../../store/lease.ts';
import { pause } from '../pause.ts';

/** Milliseconds. */
export interface LeaseTimes {
  /** From a renewal on, by the store's clock. */
  readonly leaseMs: number;
  /** By so much earlier the leader itself stops: for clocks that do not run alike, and for what is between a look at them and what follows. */
  readonly marginMs: number;
  readonly renewMs: number;
  /** After a renewal that failed. */
  readonly retryMs: number;
  /** How often one who stands by looks whether the lease has run out. */
  readonly lookMs: number;
}

/**
 * What a take-over takes is 2.0 to 2.5 s for the lease of whoever was killed to run out, which is looked at in that moment, and the start of the next
 * one (about half a second: it has its code, reads the event log and takes over router and instances as they run). People are told 5 s: what is left is
 * for a machine that is busy. A shorter lease would make being busy a reason to change leaders.
 */
export const leaseTimes: LeaseTimes = {
  leaseMs: 2_500,
  // A fifth of the lease: clocks do not differ by that much in it, and no step between a look and a signal takes that long on a machine that runs.
  marginMs: 500,
  // So that there are three before the 2 s are over that the leader counts on, and one more after a connection that hung for 0.8 s.
  renewMs: 500,
  // A database that refuses does so at once: again and again shall not be a load on it.
  retryMs: 100,
  // One row read; this is how late those who stand by find out that a lease was given back.
  lookMs: 250,
};

export interface Standing {
  readonly leases: Leases;
  readonly who: Candidate;
  readonly times: LeaseTimes;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/**
 * One term of a leader. It ends by this process's own clock, whatever hangs: a renewal counts from before it was asked for, so the leader has stopped
 * before anybody else can have taken over. Who was stopped and woken up (SIGSTOP, a paused machine) finds it over before it does anything more.
 */
export class Leadership {
  readonly term: number;
  readonly #standing: Standing;
  readonly #lost = new AbortController();
  #until: number;
  #timer: NodeJS.Timeout | null = null;
  readonly #renewing: Promise<void>;

  private constructor(standing: Standing, term: number, until: number) {
    this.#standing = standing;
    this.term = term;
    this.#until = until;
    this.#arm();
    this.#renewing = this.#renew();
  }

  /** Takes the lease when nobody else's runs; null when one does. @param behind as of `Leases.take` @throws TealError `store-unavailable` */
  static async take(standing: Standing, behind?: number): Promise<Leadership | null> {
    const { leases, who, times, now } = standing;
    const asked = now();
    const term = await leases.take(who, times.leaseMs, behind);
    return term === null ? null : new Leadership(standing, term, asked + times.leaseMs - times.marginMs);
  }

  /** Aborted when it is over; the reason says why. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** How much longer it may act without another renewal. */
  get leftMs(): number {
    return this.signal.aborted ? 0 : Math.max(this.#until - this.#standing.now(), 0);
  }

  /** Right before anything that changes something outside this process. @throws TealError `not-leader` when it is over */
  check(): void {
    if (this.leftMs === 0) this.lose('its lease ran out');
    this.signal.throwIfAborted();
  }

  /** Ends it, at once. */
  lose(why: string): void {
    if (this.signal.aborted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#lost.abort(over(this.term, why));
  }

  /** Ends it, and lets the next one in. @param ended everything was stopped: nobody shall take over */
  async resign(ended: boolean): Promise<void> {
    const held = !this.signal.aborted;
    this.lose('it was given back');
    await this.#renewing;
    if (!held) return;
    await this.#standing.leases.release(this.term, ended).catch((error: unknown) => {
      this.#standing.log.warn({ error }, 'the lease could not be given back; it runs out by itself');
    });
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ring(), this.leftMs);
    this.#timer.unref();
  }

  /** A timer may be early by a millisecond. */
  #ring(): void {
    if (this.leftMs > 0) this.#arm();
    else this.lose('its lease ran out, and could not be renewed');
  }

  async #renew(): Promise<void> {
    const { leases, times, now, log } = this.#standing;
    let wait = times.renewMs;
    for (;;) {
      await pause(wait, this.signal);
      if (this.signal.aborted) return;
      const asked = now();
      try {
        const renewed = await leases.renew(this.term, times.leaseMs);
        if (!renewed) this.lose('another one has taken over');
        else if (this.leftMs > 0) this.#extend(asked);
        wait = times.renewMs;
      } catch (error) {
        log.warn({ error, leftMs: Math.round(this.leftMs) }, 'the lease could not be renewed; trying again');
        wait = times.retryMs;
      }
    }
  }

  #extend(asked: number): void {
    const { leaseMs, marginMs } = this.#standing.times;
    this.#until = Math.max(this.#until, asked + leaseMs - marginMs);
    this.#arm();
  }
}

const over = (term: number, why: string): TealError =>
  new TealError('not-leader', `this control plane does not lead any more (term ${term}): ${why}`, {
    remedy: 'see who does, and do it there: teal status',
    details: { term, why },
  });
