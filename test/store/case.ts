import type { NewEvent, Store } from '../../src/store/store.ts';

/** @param open another process's view of the same */
export type Case = (store: Store, open: () => Promise<Store>) => Promise<void>;

export const event = (type: string, more: Partial<NewEvent> = {}): NewEvent => ({
  at: 1_700_000_000_000,
  actor: 'user:anna',
  reason: null,
  type,
  data: { type },
  ...more,
});
