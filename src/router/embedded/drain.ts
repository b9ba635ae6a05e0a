import type { DrainRequest } from '../router.ts';
import type { EndpointState } from './endpoint.ts';
import { closeIdle } from './endpoint.ts';
import type { Registry } from './registry.ts';
import type { CallContext } from './rpc.ts';

/** A worker's part of a drain report. */
export interface Drained {
  readonly finished: number;
  readonly cut: number;
}

/** How often the caller is told what is left. */
const progressMs = 1000;

/**
 * Waits until nothing of this worker is in flight on the endpoints. Streams are closed as asked; whatever is left at
 * the deadline is cut. Plain requests are never touched before. Giving up touches nothing.
 */
export async function drainWorker(
  registry: Registry,
  request: DrainRequest,
  context: CallContext,
): Promise<Drained> {
  const endpoints = request.endpoints.flatMap((id) => registry.endpoints.get(id) ?? []);
  const drain = new Drain(endpoints, context);
  try {
    return await drain.run(request);
  } finally {
    drain.close();
  }
}

/** What it waits for: files for older pages go on being asked for until their version leaves the table. */
const held = ({ active, pinned, gone }: EndpointState): number => active.size - (gone ? 0 : pinned);

class Drain {
  readonly #endpoints: readonly EndpointState[];
  readonly #context: CallContext;
  readonly #done = Promise.withResolvers<void>();
  readonly #timers: NodeJS.Timeout[] = [];
  #finished = 0;
  #cut = 0;
  #cutting = false;
  /** Whatever turns out to be a stream from now on is closed: a handshake may have been on its way. */
  #closing = false;

  constructor(endpoints: readonly EndpointState[], context: CallContext) {
    this.#endpoints = endpoints;
    this.#context = context;
    for (const endpoint of endpoints) endpoint.left.add(this.#left);
  }

  async run(request: DrainRequest): Promise<Drained> {
    this.#context.progress(this.#inFlight());
    this.#context.signal.addEventListener('abort', () => this.#done.reject(new Error('given up')), {
      once: true,
    });
    if (request.streams === 'close') this.#closeStreams();
    else if (request.streams === 'spread') this.#spreadStreams(request.deadlineMs);
    if (this.#inFlight() > 0) {
      this.#timers.push(setTimeout(() => this.#cutAll(), request.deadlineMs));
      const tick = () => {
        if (this.#closing) this.#closeStreams();
        this.#context.progress(this.#inFlight());
      };
      this.#timers.push(setInterval(tick, progressMs));
      await this.#done.promise;
    }
    for (const endpoint of this.#endpoints) closeIdle(endpoint);
    return { finished: this.#finished, cut: this.#cut };
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const endpoint of this.#endpoints) endpoint.left.delete(this.#left);
  }

  readonly #left = (moved: boolean): void => {
    if (this.#cutting) this.#cut++;
    else if (!moved) this.#finished++;
    if (this.#inFlight() === 0) this.#done.resolve();
  };

  #inFlight(): number {
    return this.#endpoints.reduce((sum, endpoint) => sum + held(endpoint), 0);
  }

  #closeStreams(): void {
    this.#closing = true;
    for (const endpoint of this.#endpoints) {
      for (const request of endpoint.active) {
        if (request.streaming) request.closeStream();
      }
    }
  }

  /**
   * Evenly over the time that is left, so that clients do not all reconnect in one instant. The last goes a step
   * before the deadline, and with it whatever has become a stream meanwhile.
   */
  #spreadStreams(deadlineMs: number): void {
    const streams = this.#endpoints.flatMap(({ active }) =>
      [...active].filter((request) => request.streaming),
    );
    const steps = Math.max(1, streams.length);
    const at = (step: number, close: () => void): void => {
      this.#timers.push(setTimeout(close, (deadlineMs * step) / (steps + 1)));
    };
    for (const [index, stream] of streams.entries()) at(index + 1, () => stream.closeStream());
    at(steps, () => this.#closeStreams());
  }

  #cutAll(): void {
    this.#cutting = true;
    for (const endpoint of this.#endpoints) {
      for (const request of endpoint.active) if (endpoint.gone || !request.pinned) request.cut();
    }
    this.#done.resolve();
  }
}
