import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Protocol } from '../protocol.ts';
import { repeating } from '../repeating.ts';

/** What a client may leave behind when it goes: what is kept of any of these would be a leak. */
const beginnings: readonly string[] = [
  '',
  'GET /small HTTP/1.1\r\nHost: so',
  'GET /slow?ms=400 HTTP/1.1\r\nHost: soak\r\n\r\n',
  'GET /large HTTP/1.1\r\nHost: soak\r\n\r\nGET /large HTTP/1.1\r\nHost: soak\r\n\r\n',
  'POST /upload HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\nonly a part',
  'PUT /upload HTTP/1.1\r\nHost: soak\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly ',
  'GET /events HTTP/1.1\r\nHost: soak\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: soak\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
];

const longestMs = 150;

/** Clients that go away in the middle: by an end, or by a reset. "Answered" means that they were let in. */
export const abandoned: Protocol = {
  name: 'abandoned by the client',
  start: ({ port }) => {
    let turn = 0;
    return repeating(
      4,
      async (counter) => {
        turn += 1;
        const socket = connect({ host: '127.0.0.1', port, noDelay: true });
        socket.on('error', () => socket.destroy());
        try {
          await once(socket, 'connect');
        } catch (error) {
          return counter.failed(`not let in: ${String(error)}`);
        }
        socket.write(beginnings[turn % beginnings.length] ?? '');
        await sleep(Math.random() * longestMs);
        if (turn % 3 === 0) socket.resetAndDestroy();
        else socket.destroy();
        counter.answered();
      },
      200,
    );
  },
};
