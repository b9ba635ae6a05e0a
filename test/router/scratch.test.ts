import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { room, send } from '../../src/router/embedded/scratch.ts';

/** Two ends of a connection. */
async function pair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

const filled = (size: number, byte: number): Buffer => room(size).fill(byte);

test('room has the size that was asked for, and the next of its kind is the same place', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600_000 }), (size) => {
      const one = room(size);
      assert.equal(one.length, size);
      if (size >= 8192) assert.equal(room(size).buffer, one.buffer);
      assert.ok(one.buffer.byteLength < 2 * size || size < 8192, 'holds at most twice of what is needed');
    }),
  );
});

test('what a connection took at once leaves its room to the next bytes', async (t) => {
  const [near] = await pair(t);
  const first = filled(16_000, 1);
  assert.equal(send(near, first), true);
  assert.equal(near.writableLength, 0, 'the kernel has it');
  assert.equal(room(16_000).buffer, first.buffer);
});

test('bytes for one who does not read are still the same when they are read, whatever goes elsewhere meanwhile', async (t) => {
  const [slow, reader] = await pair(t);
  const [other, drained] = await pair(t);
  reader.pause();
  drained.resume();
  const sent: Buffer[] = [];
  let [byte, slower] = [0, 0];
  // Until the kernel has had enough, and for a while after that.
  while (slower < 20) {
    byte = (byte + 1) % 256;
    const size = 8_192 + ((byte * 7919) % 250_000);
    sent.push(Buffer.alloc(size, byte));
    if (!send(slow, filled(size, byte))) slower++;
    send(other, filled(size, 255 - byte));
  }
  assert.ok(slow.writableLength > 0);
  slow.end();
  const got: Buffer[] = [];
  for await (const bytes of reader) got.push(bytes as Buffer);
  assert.ok(Buffer.concat(got).equals(Buffer.concat(sent)));
});
