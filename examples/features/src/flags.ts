import { OpenFeature } from '@openfeature/server-sdk';
import type { Customer } from './customer.ts';

/** Names of the flags of this shop. */
export const flags = {
  newCheckout: 'new-checkout',
  giftCards: 'gift-cards',
} as const;

const client = OpenFeature.getClient('shop');

/** Whether this customer gets the checkout on one page. */
export function hasNewCheckout(customer: Customer): Promise<boolean> {
  return client.getBooleanValue(flags.newCheckout, false, { targetingKey: customer.id });
}

/** Whether this customer may pay with a gift card. */
export function hasGiftCards(customer: Customer): Promise<boolean> {
  return client.getBooleanValue(flags.giftCards, false, { targetingKey: customer.id });
}
