import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import { buttonFor, checkout } from '../src/checkout.ts';

const onOff = { variants: { on: true, off: false }, disabled: false } as const;

before(async () => {
  await OpenFeature.setProviderAndWait(
    new InMemoryProvider({
      'new-checkout': { ...onOff, defaultVariant: 'on' },
      'gift-cards': { ...onOff, defaultVariant: 'off' },
    }),
  );
});

const ann = { id: 'ann', name: 'Ann' };
const cart = [
  { name: 'kite', price: 2400 },
  { name: 'string', price: 0 },
];

test('everything is on one page, with her name', async () => {
  const page = await checkout(ann, cart);
  assert.equal(page.title, 'Pay, Ann');
  assert.deepEqual(page.steps, ['everything']);
  assert.deepEqual(page.fields, ['address', 'payment', 'summary']);
});

test('what costs nothing adds nothing', async () => {
  assert.equal((await checkout(ann, cart)).total, 2400);
});

test('the button buys', async () => {
  assert.equal(await buttonFor(ann), 'Buy now');
});
