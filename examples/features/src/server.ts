import { createServer } from 'node:http';
import { buttonFor, checkout } from './checkout.ts';

const cart = [
  { name: 'kite', price: 2400 },
  { name: 'string', price: 0 },
];

const server = createServer((request, response) => {
  const customer = { id: String(request.headers['x-user'] ?? 'anonymous'), name: 'Ann' };
  Promise.all([checkout(customer, cart), buttonFor(customer)]).then(
    ([page, button]) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...page, button }));
    },
    (error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
});
server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1');
process.on('SIGTERM', () => server.close());
