/** A request (or a tunnel it became) that holds an endpoint. */
export interface InFlight {
  /** Where it stands in its endpoint's list; kept by the list. */
  slot: number;
  /** One of those that `max-in-flight` of its endpoint is about: at an endpoint, and no stream. Kept by the endpoint. */
  busy: boolean;
  /** A file for a page of a version that traffic has left: no reason to wait, as long as the version stays warm. */
  pinned: boolean;
  /** A WebSocket or an event stream: open for as long as both like. */
  readonly streaming: boolean;
  /** Ends a stream as cleanly as its protocol allows. */
  closeStream(): void;
  /** Ends it at once, answered or not. */
  cut(): void;
}

/**
 * What is in flight on one endpoint, in no order. Adding and removing touch one slot each, so a request is in one list
 * at a time.
 *
 * Not a Set: under churn a Set makes a new table again and again, each old one links to the next, and once one of them
 * has reached V8's old generation every request after it is kept alive until a major collection. Measured at full load:
 * pauses of 7–11 ms instead of 0.4, and 65 MB more.
 */
export class InFlightList {
  readonly #list: InFlight[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** @throws Error when it is in a list already: it could never be removed from both, and a drain would wait for it for ever */
  add(request: InFlight): void {
    if (request.slot >= 0) throw new Error('a request in flight is counted once');
    request.slot = this.#list.length;
    this.#list.push(request);
  }

  /** @returns whether it was there */
  delete(request: InFlight): boolean {
    const { slot } = request;
    if (this.#list[slot] !== request) return false;
    request.slot = -1;
    const last = this.#list.pop() as InFlight;
    if (last !== request) {
      this.#list[slot] = last;
      last.slot = slot;
    }
    return true;
  }

  /** Over a copy: whoever goes through it may end what it finds. */
  [Symbol.iterator](): IterableIterator<InFlight> {
    return [...this.#list].values();
  }
}
