import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask } from '../../../src/control/migrate/ask.ts';
import { atEnd } from '../../at-end.ts';

/** AuthenticationOk, then ReadyForQuery: https://www.postgresql.org/docs/current/protocol-message-formats.html. */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

test('what was found out is told, and not that a server was slow to say goodbye', async (t) => {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    atEnd(t, () => void client.destroy());
    client.on('error', () => undefined).once('data', () => client.write(welcome));
  });
  atEnd(t, () => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `postgres://teal@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
  const signal = new AbortController().signal;
  // The goodbye takes longer than all that may be asked.
  await assert.rejects(
    ask({ url, withinMs: 1000, signal }, () => Promise.reject(new Error('no such table'))),
    /no such table/,
  );
  await assert.rejects(
    ask({ url, withinMs: 300, signal }, (session) => session.query('SELECT')),
    {
      code: 'database-unavailable',
      message: /did not answer within 0.3 s/,
    },
  );
});
