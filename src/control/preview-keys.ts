import type { Store } from '../store/store.ts';

/** The keys that preview tokens are signed with: one per app, made at first use, kept by the store. */
export class PreviewKeys {
  readonly #store: Pick<Store, 'secret'>;
  readonly #keys = new Map<string, string>();

  constructor(store: Pick<Store, 'secret'>) {
    this.#store = store;
  }

  /** Has to be awaited before an app is made known: a table is built as soon as it is. */
  async load(apps: Iterable<string>): Promise<void> {
    for (const app of apps) {
      if (!this.#keys.has(app)) this.#keys.set(app, await this.#store.secret(`preview/${app}`));
    }
  }

  /** Empty (which verifies nothing) for an app that is not loaded. */
  readonly get = (app: string): string => this.#keys.get(app) ?? '';
}
