import { upload } from '../bodies.ts';
import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

/** Longer than a switch takes, so that every switch meets bodies of both kinds on their way. */
export const slow: Protocol = {
  name: 'slow bodies, up and down',
  start: ({ port }, versions) =>
    requests(
      {
        url: `http://127.0.0.1:${port}/trickle`,
        rps: 8,
        connections: 32,
        shapes: [
          { path: '/upload', method: 'POST', ...upload(20_000), pieces: 20, pieceEveryMs: 60 },
          { path: '/upload', method: 'PUT', ...upload(5_000), chunked: true, pieces: 12, pieceEveryMs: 100 },
          { path: '/trickle' },
          { path: '/slow?ms=900' },
        ],
      },
      versions,
    ),
};
