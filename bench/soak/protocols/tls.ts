import { upload } from '../bodies.ts';
import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

/** Kept alive and with a handshake each. The process of the load trusts the certificate by its environment. */
export const tls: Protocol = {
  name: 'TLS: GET and uploads',
  start: ({ secure }, versions) => {
    if (secure === null) return null;
    const url = `https://localhost:${secure.port}/small`;
    return requests(
      {
        url,
        rps: 40,
        connections: 12,
        shapes: [
          { weight: 5 },
          { headers: { connection: 'close' }, weight: 2 },
          { path: '/large' },
          { path: '/upload', method: 'POST', ...upload(20_000) },
          { path: '/upload', method: 'PUT', ...upload(20_000), chunked: true, pieces: 5, pieceEveryMs: 50 },
        ],
      },
      versions,
    );
  },
};
