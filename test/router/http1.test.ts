import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headBytes, mostFields, requestRows } from './http1/requests.ts';
import { responseRows } from './http1/responses.ts';
import { next, ok, plainRequest, plainResponse, toNext, type Row } from './http1/row.ts';
import { proxyTo, RawClient, rawOrigin } from './rig.ts';

const now = /^Date: (?!Mon, 01 Jan 2024|Mon, 31 Feb 1066)(.*)\r\n/m;

for (const row of [...requestRows, ...responseRows]) {
  test(`${row.says} (${row.rfc})`, () => goesThrough(row));
}

async function goesThrough(row: Row): Promise<void> {
  let seen = '';
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('/next ')) {
      seen = seen === '' ? text.slice(0, text.indexOf('GET /next ')) : seen;
      socket.write(ok(toNext), 'latin1');
    } else if (plainRequest(text) === row.sees) {
      seen = text;
      socket.write(row.app ?? ok('x'), 'latin1');
      if (row.appCloses === true) socket.end();
    }
  });
  await using router = await proxyTo(origin, {}, { client: { headBytes, headers: mostFields } });
  const client = new RawClient(router.port);
  // What it sends next shows where either side believes that this request, or its answer, has ended.
  const answer = await client
    .send(row.sends + next)
    .end(5000)
    .catch((error: unknown) => {
      const arrived = plainRequest(origin.received);
      assert.equal(arrived, row.sees ?? '', 'the app sees');
      throw error;
    });
  client.close();
  assert.equal(plainRequest(seen), row.sees ?? '', 'the app sees');
  const date = now.exec(answer)?.[1];
  if (date !== undefined) assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000, date);
  const plain = plainResponse(answer).replace(now, 'Date: (now)\r\n');
  if (row.sees === null) {
    assert.equal(plain.slice(0, row.gets.length), row.gets, 'the client gets');
    assert.match(plain, /\r\nConnection: close\r\n/);
    assert.ok(!origin.received.includes('/next'));
    return;
  }
  const behind = row.closes === true ? '' : ok(toNext).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  assert.equal(plain, row.gets + behind, 'the client gets');
  assert.equal(origin.received.includes('/next'), row.closes !== true);
}
