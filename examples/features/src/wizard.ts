import type { Page } from './checkout.ts';
import type { Item } from './customer.ts';

/** The checkout as it was: three pages. */
export function wizard(items: readonly Item[]): Page {
  return {
    title: 'Step 1 of 3',
    steps: ['address', 'payment', 'summary'],
    fields: ['address'],
    total: items.reduce((sum, { price }) => sum + price, 0),
  };
}
