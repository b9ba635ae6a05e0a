/** Prices are in cents, so that adding them up is exact. */
export const products = [
  { id: 'kettle', name: 'Kettle', price: 3900 },
  { id: 'teapot', name: 'Teapot', price: 2850 },
  { id: 'cup', name: 'Cup', price: 900 },
  { id: 'sencha', name: 'Sencha, 100 g', price: 1190 },
  { id: 'assam', name: 'Assam, 100 g', price: 790 },
  { id: 'strainer', name: 'Strainer', price: 450 },
];

/**
 * A cart with its total, or null when it names something the shop does not sell.
 * @param {unknown} cart `{ items: [{ id, quantity }] }`, as a client sent it
 */
export function priced(cart) {
  const wanted = cart !== null && typeof cart === 'object' && 'items' in cart ? cart.items : null;
  if (!Array.isArray(wanted) || wanted.length === 0) return null;
  const items = wanted.map(line);
  if (items.includes(null)) return null;
  return { items, total: items.reduce((sum, item) => sum + item.price * item.quantity, 0) };
}

function line(wanted) {
  const product = products.find((each) => each.id === wanted?.id);
  const quantity = wanted?.quantity ?? 1;
  if (product === undefined || !Number.isInteger(quantity) || quantity < 1) return null;
  return { id: product.id, price: product.price, quantity };
}
