import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

export const short: Protocol = {
  name: 'GET, a connection each',
  start: ({ port }, versions) =>
    requests(
      { url: `http://127.0.0.1:${port}/small`, rps: 30, connections: 8, headers: { connection: 'close' } },
      versions,
    ),
};
