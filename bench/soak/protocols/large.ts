import { largeBody } from '../bodies.ts';
import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

/** By length and chunked, each compared with what the app has sent. */
export const large: Protocol = {
  name: 'GET 64 kB',
  start: ({ port }, versions) =>
    requests(
      {
        url: `http://127.0.0.1:${port}/large`,
        rps: 20,
        connections: 8,
        shapes: [{ path: '/large' }, { path: '/large?chunked' }],
        versionOf: (headers, body) =>
          body === largeBody ? (headers.get('x-version') ?? null) : 'a body that was changed on its way',
      },
      versions,
    ),
};
