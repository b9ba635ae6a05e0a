// Of version VERSION.
const said = document.querySelector('#said');

document.querySelector('#products').addEventListener('click', async (event) => {
  const id = event.target.dataset.id;
  if (id === undefined) return;
  const answer = await fetch('api/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items: [{ id, quantity: 1 }] }),
  });
  const order = await answer.json();
  said.textContent = answer.ok ? `Order ${order.order}: thank you!` : `Not ordered: ${order.error}`;
});

new EventSource('events').addEventListener('tick', (event) => {
  document.querySelector('#live').textContent = JSON.parse(event.data).version;
});
