import type { Customer, Item } from './customer.ts';
import { hasGiftCards, hasNewCheckout } from './flags.ts';
import { wizard } from './wizard.ts';

/** What a customer sees when paying. */
export interface Page {
  readonly title: string;
  readonly steps: readonly string[];
  readonly fields: readonly string[];
  readonly total: number;
}

/** The page for a cart. */
export async function checkout(customer: Customer, cart: readonly Item[]): Promise<Page> {
  const onePage = await hasNewCheckout(customer);
  const giftCards = await hasGiftCards(customer);
  // Items that cost nothing are not listed.
  const items = cart.filter(({ price }) => price > 0);
  if (!onePage) {
    // Three pages, one after the other.
    return wizard(items);
  }
  const total = items.reduce((sum, { price }) => sum + price, 0);
  return {
    title: onePage ? `Pay, ${customer.name}` : 'Step 1 of 3',
    steps: ['everything'],
    fields: ['address', ...(onePage ? ['payment', 'summary'] : []), ...(giftCards ? ['gift-card'] : [])],
    total,
  };
}

/** What the button says. */
export async function buttonFor(customer: Customer): Promise<string> {
  switch (await hasNewCheckout(customer)) {
    case true:
      return 'Buy now';
    default:
      return 'Next';
  }
}
