import type { UpstreamPolicy } from '../../config/config.ts';

/** Whose clock runs: a client connection. */
interface Timed {
  /** `engine.now` at which it is asked what took too long. */
  deadline: number;
  readonly engine: { readonly now: number; after(ms: number): number };
}

/**
 * How long each phase of one exchange may take, and all of them together. The total ends nothing that is meant to stay
 * open: a WebSocket sets its own deadline, an event stream is freed of it when its head is out.
 */
export class Deadlines {
  readonly #client: Timed;
  readonly #policy: UpstreamPolicy;
  /** When all has to be over, on the engine's clock. */
  last: number;

  /** @param last of a request that was decided before; null: the total begins now */
  constructor(client: Timed, policy: UpstreamPolicy, last: number | null) {
    this.#client = client;
    this.#policy = policy;
    const total = policy.totalTimeoutMs ?? null;
    this.last = last ?? (total === null ? Infinity : client.engine.after(total));
  }

  connecting(): void {
    this.#within(this.#policy.connectTimeoutMs);
  }

  awaitingHead(): void {
    this.#within(this.#policy.responseTimeoutMs);
  }

  /** A byte went through, one way or the other. */
  moved(): void {
    this.#within(this.#policy.idleTimeoutMs);
  }

  /** It waits for a place. @param moment on the engine's clock */
  until(moment: number): void {
    this.#client.deadline = Math.min(moment, this.last);
  }

  /** What follows may go on for ever. */
  untilClosed(): void {
    this.last = Infinity;
  }

  /** It was the total that passed, and no single phase. */
  get totalPassed(): boolean {
    return this.last <= this.#client.engine.now;
  }

  #within(ms: number): void {
    this.#client.deadline = Math.min(this.#client.engine.after(ms), this.last);
  }
}
