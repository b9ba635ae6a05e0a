import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Protocol } from '../protocol.ts';
import { repeating } from '../repeating.ts';

const broken: readonly string[] = [
  'GET /small HTTP/1.1\r\n\r\n',
  'GET /small HTTP/1.1\r\nHost: soak\r\nHost: soak\r\n\r\n',
  'POST /upload HTTP/1.1\r\nHost: soak\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'GET /small HTTP/1.1\nHost: soak\n\n',
  `GET /small HTTP/1.1\r\nHost: soak\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
];

/** Requests that have to be refused: answered with 4xx and an end. */
export const refused: Protocol = {
  name: 'malformed, refused',
  start: ({ port }) => {
    let turn = 0;
    return repeating(
      2,
      async (counter) => {
        turn += 1;
        const socket = connect({ host: '127.0.0.1', port, noDelay: true });
        socket.write(broken[turn % broken.length] ?? '');
        const said = await text(socket).catch((error: unknown) => String(error));
        socket.destroy();
        if (/^HTTP\/1\.1 4\d\d /.test(said)) counter.answered();
        else counter.failed(`instead of a refusal: ${JSON.stringify(said.slice(0, 100))}`);
      },
      300,
    );
  },
};
