import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

export const small: Protocol = {
  name: 'GET 0.4 kB, kept alive',
  start: ({ port }, versions) =>
    requests({ url: `http://127.0.0.1:${port}/small`, rps: 120, connections: 16 }, versions),
};
