import type { Store } from '../store/store.ts';

/** The keys that preview tokens are signed with: one per app, made at first use, kept by the store. */
export class PreviewKeys {
  readonly #store: Store;
  readonly #keys = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Has to be awaited before `get`. */
  async load(app: string): Promise<void> {
    if (!this.#keys.has(app)) this.#keys.set(app, await this.#store.secret(`preview/${app}`));
  }

  /** Empty (which verifies nothing) for an app that is not loaded. */
  readonly get = (app: string): string => this.#keys.get(app) ?? '';
}
