/**
 * How many requests may be sent a second time: a share of all requests of an environment, over about ten seconds, and
 * a few more, so that where little happens an instance that ends still costs nobody anything. Without a bound each
 * request of an outage becomes as many as there are endpoints, just when they can bear it least. (The scheme is that of
 * Finagle's retry budgets: 20 % and 10 a second, over 10 seconds.)
 *
 * The window is an exponential one: both sums lose a tenth each second, so a steady rate r stands at 10 r.
 */
const share = 0.2;
const floor = 100;
const kept = 0.9;

export class RetryBudget {
  #requests = 0;
  #retries = 0;
  #counted = 0;

  /** Takes one retry out of the budget, if there is one. @param requests the environment's count of requests so far */
  take(requests: number): boolean {
    const recent = this.#requests + (requests - this.#counted);
    if (this.#retries + 1 > floor + share * recent) return false;
    this.#retries++;
    return true;
  }

  /** To be called each second. @param requests as for `take` */
  fade(requests: number): void {
    this.#requests = (this.#requests + (requests - this.#counted)) * kept;
    this.#retries *= kept;
    this.#counted = requests;
  }
}
