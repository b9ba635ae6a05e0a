import { upload } from '../bodies.ts';
import type { Protocol } from '../protocol.ts';
import { requests } from '../requests.ts';

/** The app compares what arrives, and answers 422 when it is something else. */
export const uploads: Protocol = {
  name: 'uploads, by length and chunked',
  start: ({ port }, versions) =>
    requests(
      {
        url: `http://127.0.0.1:${port}/upload`,
        rps: 16,
        connections: 16,
        shapes: [
          { method: 'POST', ...upload(2_000), weight: 3 },
          { method: 'PUT', ...upload(2_000), chunked: true, weight: 3 },
          { method: 'POST', ...upload(300_000) },
          { method: 'PUT', ...upload(300_000), chunked: true, pieces: 7 },
        ],
      },
      versions,
    ),
};
