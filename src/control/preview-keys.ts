import { firstKey, keyIds } from '../release/keys.ts';
import type { AppState } from '../release/state.ts';
import type { SigningKey } from '../router/table.ts';
import type { Store } from '../store/store.ts';

/** The keys that cookies and preview tokens are signed with: made at first use, kept by the store, and in no event. */
export class PreviewKeys {
  readonly #store: Pick<Store, 'secret'>;
  readonly #keys = new Map<string, string>();

  constructor(store: Pick<Store, 'secret'>) {
    this.#store = store;
  }

  /** Has to be awaited before an app is made known: a table is built as soon as it is. */
  async load(states: Iterable<Pick<AppState, 'app' | 'keys'>>): Promise<void> {
    for (const { app, keys } of states)
      for (const id of new Set([firstKey, ...keyIds(keys)])) await this.make(app, id);
  }

  /** Has to be awaited before any state names the key. */
  async make(app: string, id: string): Promise<void> {
    const name = nameOf(app, id);
    if (!this.#keys.has(name)) this.#keys.set(name, await this.#store.secret(name));
  }

  /** The first, of which also other things are made; empty (which verifies nothing) for an app that is not loaded. */
  readonly get = (app: string): string => this.#keys.get(nameOf(app, firstKey)) ?? '';

  /** All that verify, the one that signs first. */
  readonly all = ({ app, keys }: Pick<AppState, 'app' | 'keys'>): readonly SigningKey[] =>
    keyIds(keys).flatMap((id) => {
      const key = this.#keys.get(nameOf(app, id));
      return key === undefined ? [] : [{ id, key }];
    });
}

/** The first was there before there were others. */
const nameOf = (app: string, id: string): string =>
  id === firstKey ? `preview/${app}` : `preview/${app}/${id}`;
