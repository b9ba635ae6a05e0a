import { createServer } from 'node:http';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { buttonFor, checkout } from './checkout.ts';

// Without it every flag has the default that the code says.
const { FLAGS_URL: baseUrl, FLAGS_TOKEN: token } = process.env;
if (baseUrl !== undefined)
  await OpenFeature.setProviderAndWait(
    new OFREPProvider({ baseUrl, headers: [['authorization', `Bearer ${token}`]] }),
  );

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
