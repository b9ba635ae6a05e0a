import { AsyncLocalStorage } from 'node:async_hooks';

/** One process of a control plane, from its start to its end. What a dead one still does reaches nobody. */
export class Life {
  readonly name: string;
  alive = true;
  /** Another has taken its place: nothing it does reaches the router or an instance; it can still write. */
  fenced = false;
  /** Whoever works for it hears that it is gone, as by a socket that closes. */
  readonly gone = new AbortController();

  constructor(name: string) {
    this.name = name;
  }
}

const lives = new AsyncLocalStorage<Life | null>();

/** Whose work is being done; null: the world's own. */
export const whose = (): Life | null => lives.getStore() ?? null;

export const as = <T>(life: Life | null, work: () => T): T => lives.run(life, work);

/** What a dead process waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
