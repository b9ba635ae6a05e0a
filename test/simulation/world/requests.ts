/** One request that an instance answers. */
export interface Request {
  readonly app: string;
  readonly endpoint: string;
  readonly worker: number;
  over: boolean;
}

interface Drain {
  readonly endpoints: ReadonlySet<string>;
  readonly done: () => void;
}

/** Everything in flight, by the instance that answers it. */
export class Requests {
  readonly #active = new Map<string, Set<Request>>();
  readonly #drains = new Set<Drain>();

  begin(request: Request): void {
    const known = this.#active.get(request.endpoint) ?? new Set();
    this.#active.set(request.endpoint, known);
    known.add(request);
  }

  end(request: Request): void {
    if (request.over) return;
    request.over = true;
    this.#active.get(request.endpoint)?.delete(request);
    for (const drain of this.#drains) if (drain.endpoints.has(request.endpoint)) drain.done();
  }

  /** What an instance took along that has ended. */
  endAll(endpoint: string): void {
    for (const request of this.of([endpoint])) this.end(request);
  }

  of(endpoints: Iterable<string>): readonly Request[] {
    return [...endpoints].flatMap((id) => [...(this.#active.get(id) ?? [])]);
  }

  ofWorker(worker: number): readonly Request[] {
    return [...this.#active.values()].flatMap((all) => [...all]).filter((each) => each.worker === worker);
  }

  /** Resolves when nothing is in flight on these any more, or the time is over, or whoever waits gives up. */
  async untilNone(
    endpoints: ReadonlySet<string>,
    late: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<'none' | 'late'> {
    const { promise, resolve, reject } = Promise.withResolvers<'none' | 'late'>();
    const look = (): void => {
      if (this.of(endpoints).length === 0) resolve('none');
    };
    const drain = { endpoints, done: look };
    const gone = (): void => reject(signal.reason);
    this.#drains.add(drain);
    signal.addEventListener('abort', gone, { once: true });
    void late.then(() => resolve('late'));
    look();
    try {
      return await promise;
    } finally {
      this.#drains.delete(drain);
      signal.removeEventListener('abort', gone);
    }
  }
}
