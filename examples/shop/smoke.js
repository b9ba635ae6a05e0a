// Run by Teal against the idle environment before the switch: `release.tests` in teal.yaml.
import { strict as assert } from 'node:assert';

const given = process.env.TEAL_PREVIEW_URL;
const version = process.env.TEAL_VERSION;
if (!given || !version) {
  console.error('smoke.js needs TEAL_PREVIEW_URL and TEAL_VERSION, which Teal sets for its tests');
  process.exit(2);
}
// With a slash at its end, so that relative paths stay below the preview.
const base = given.endsWith('/') ? given : `${given}/`;

async function get(path, options = {}) {
  const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(10_000), ...options });
  const body = await response.text();
  assert(
    response.ok,
    `${options.method ?? 'GET'} /${path} answered ${response.status}: ${body.slice(0, 200)}`,
  );
  return body;
}

const order = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"items":[{"id":"cup"}]}',
};

const checks = {
  'it is the version that was deployed': async () => assert.equal(await get('version'), version),
  'the page has its title and its assets': async () => {
    const page = await get('');
    assert(page.includes('Tea shop'), 'the page does not say "Tea shop"');
    for (const [, path] of page.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)) await get(path);
  },
  'there is something to buy': async () => {
    const { products } = JSON.parse(await get('api/products'));
    assert(products.length > 0, '/api/products lists no products');
  },
  'a cart has a total': async () => assert.equal(JSON.parse(await get('api/cart', order)).total, 900),
  'an order is taken': async () =>
    assert(JSON.parse(await get('api/orders', order)).order > 0, 'no order number'),
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    console.log(`FAILED  ${name}: ${error.message}`);
    process.exit(1);
  }
}
console.log(`version ${version} of the shop works at ${base.replace(/[^/]{24,}/g, '…')}`);
