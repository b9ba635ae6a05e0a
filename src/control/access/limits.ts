import { neighbourhood, Throttle } from './throttle.ts';

/** A dashboard with many apps, or a script, asks some dozen times a second; no one needs more. */
const known = { burst: 300, perSecond: 50 };
/** Signing in takes two requests, and a whole office may come from one address, at nine. */
const unknown = { burst: 100, perSecond: 10 };
/** An app asks for its flags once or more for each of its own requests; an evaluation costs a fraction of what the rest of the API does. */
const evaluating = { burst: 5000, perSecond: 1000 };
/** Nobody can guess a token; what is shown wrongly again and again is a mistake, or a scan: six a minute. */
const failed = { burst: 20, perSecond: 0.1 };

/** What strangers tried is written down so often, from wherever they come: they cannot fill the disk. */
const written = { burst: 60, perSecond: 0.2 };

/** How often somebody may ask; the socket is not asked. */
export class Limits {
  readonly #known = new Throttle(known);
  readonly #evaluating = new Throttle(evaluating);
  readonly #unknown = new Throttle(unknown);
  readonly #failed = new Throttle(failed);
  readonly #written = new Throttle(written);

  /** @returns milliseconds to wait; 0: none */
  caller(id: string, now: number): number {
    return this.#known.take(id, now);
  }

  /** The same for asking what a feature flag is for somebody. */
  evaluation(id: string, now: number): number {
    return this.#evaluating.take(id, now);
  }

  stranger(address: string, now: number): number {
    return this.#unknown.take(neighbourhood(address), now);
  }

  /** Notes that what was shown from there is no good. */
  failure(address: string, now: number): number {
    return this.#failed.take(neighbourhood(address), now);
  }

  /** Whether what somebody unknown tried is written down. */
  note(now: number): number {
    return this.#written.take('', now);
  }
}
