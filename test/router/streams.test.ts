import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { FrameBorder } from '../../src/router/embedded/websocket.ts';
import { answering, get, ok, proxyTo, RawClient, rawOrigin, until, upstream } from './rig.ts';

const handshake = get(
  '/ws',
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Key: x',
  'Sec-WebSocket-Version: 13',
);
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n';

test('a WebSocket becomes a tunnel of bytes, both ways, what follows the handshake included', async () => {
  await using origin = await rawOrigin((socket, text) => {
    // The bytes behind the handshake wait until the app has agreed.
    if (text.endsWith('\r\n\r\n')) socket.write(`${switching}welcome\x00\xff`, 'latin1');
    if (text.endsWith('early')) socket.write('heard', 'latin1');
    if (text.endsWith('ping')) socket.write('pong', 'latin1');
  });
  await using router = await proxyTo(origin, { upstream: { ...upstream, idleTimeoutMs: 200 } });
  const client = new RawClient(router.port);
  await client.send(`${handshake}early`).has('welcome\x00\xffheard');
  assert.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(client.text, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwelcome/);
  assert.match(origin.received, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
  assert.match(origin.received, /\r\nSec-WebSocket-Key: x\r\n/);
  // Longer than the idle time-out of requests: tunnels are exempt.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await client.send('ping').has('pong');
  const [counts] = router.engine.registry.counts.values();
  assert.equal(counts?.inFlight, 1, 'an open tunnel is in flight');
  client.socket.end();
  await client.end();
  await until(() => counts?.inFlight === 0, 'the tunnel to be counted out');
  client.close();
});

test('a tunnel ended by the app ends at the client', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write(switching);
    if (text.endsWith('bye')) socket.end('last');
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(handshake).has('101');
  assert.ok((await client.send('bye').end()).endsWith('last'));
  client.close();
});

test('an upgrade that the app declines is an ordinary response', async () => {
  await using origin = await answering(ok('no'));
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(handshake).has('\r\n\r\nno');
  await client.send(get('/next')).until(({ text }) => text.split('200 OK').length === 3);
  client.close();
});

test('a megabyte of WebSocket bytes arrives as it was sent, both ways', async () => {
  const sent = randomBytes(1_000_000);
  let echoed = -1;
  await using origin = await rawOrigin((socket, text) => {
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    socket.write(echoed < 0 ? switching : body.slice(echoed), 'latin1');
    echoed = body.length;
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(handshake).has('\r\n\r\n');
  const from = client.text.length;
  await client.send(sent).until(({ text }) => text.length - from >= sent.length, 20_000);
  assert.equal(client.text.slice(from), sent.toString('latin1'));
  client.close();
});

test('event streams flow as they come', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get('/events')).has('\r\n\r\n');
  for (let index = 0; index < 5; index++) {
    for (const socket of origin.sockets) socket.write(`data: ${index}\n\n`);
    await client.has(`data: ${index}\n\n`, 2000);
  }
  client.close();
});

test('an upload to a slow app waits in the client, not in the router', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.length < 100_000) socket.pause();
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  const size = 64 * 1024 * 1024;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const block = Buffer.alloc(1024 * 1024, 'x');
  for (let index = 0; index < 64; index++) client.send(block);
  await until(() => origin.received !== '', 'the upload to begin');
  let last = -1;
  await until(async () => {
    const now = client.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const steady = now === last;
    last = now;
    return steady;
  }, 'the upload to stall');
  // What the two kernels buffer, and no more than a few reads of ours.
  assert.ok(last > size / 2, `${size - last} bytes were taken`);
  const [held] = [...router.engine.clients].map(({ socket }) => socket.readableLength);
  assert.ok((held ?? 0) < 1024 * 1024);
  client.close();
});

test('a megabyte is uploaded whole to an app that reads slowly', async () => {
  const body = randomBytes(1_000_000);
  const hash = createHash('sha256').update(body).digest('hex');
  await using origin = await rawOrigin((socket, text) => {
    socket.pause();
    setTimeout(() => socket.resume(), 2);
    const at = text.indexOf('\r\n\r\n') + 4;
    if (text.length - at < body.length) return;
    socket.write(
      ok(
        createHash('sha256')
          .update(Buffer.from(text.slice(at), 'latin1'))
          .digest('hex'),
      ),
    );
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
  await client.send(body).has(hash, 20_000);
  client.close();
});

for (const framing of ['length', 'chunked', 'until-close'] as const) {
  test(`a slow client stalls its app, loses nothing, and nobody else waits: ${framing}`, async () => {
    const size = 32 * 1024 * 1024;
    const block = Buffer.alloc(64 * 1024, 'y');
    let sent = 0;
    await using origin = await rawOrigin((socket, text) => {
      if (text.startsWith('GET /small')) {
        socket.write(ok('quick'));
        return;
      }
      const head =
        framing === 'length'
          ? `Content-Length: ${size}\r\n`
          : framing === 'chunked'
            ? 'Transfer-Encoding: chunked\r\n'
            : '';
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`);
      const fill = (): void => {
        while (sent < size) {
          sent += block.length;
          if (framing === 'chunked') socket.write('10000\r\n');
          const more = socket.write(block);
          if (framing === 'chunked') socket.write('\r\n');
          if (!more) return;
        }
        if (framing === 'chunked') socket.write('0\r\n\r\n');
        if (framing === 'until-close') socket.end();
        socket.removeListener('drain', fill);
      };
      socket.on('drain', fill);
      fill();
    });
    await using router = await proxyTo(origin);
    const slow = new RawClient(router.port);
    slow.socket.pause();
    slow.send(get('/big', 'Connection: close'));
    await until(() => sent > 0, 'the response to begin');
    const quick = new RawClient(router.port);
    for (let index = 1; index <= 20; index++) {
      await quick.send(get('/small')).until(({ text }) => text.split('quick').length === index + 1, 5000);
    }
    quick.close();
    const held = Math.max(...[...router.engine.clients].map(({ socket }) => socket.writableLength));
    assert.ok(held < 1024 * 1024, `the router holds ${held} bytes`);
    assert.ok(sent < size, 'the app was not held back');
    slow.socket.resume();
    await slow.end(30_000);
    assert.equal(slow.text.split('y').length - 1, size);
    slow.close();
  });
}

test('the border between frames is known, whatever the reads cut', () => {
  const frames = Buffer.concat([
    Buffer.from([0x81, 0x02, 0x68, 0x69]),
    Buffer.from([0x82, 0x7e, 0x01, 0x00]),
    Buffer.alloc(256),
    Buffer.from([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]),
    Buffer.alloc(65536),
    Buffer.from([0x89, 0x00]),
    Buffer.from([0x81, 0x81, 1, 2, 3, 4, 9]),
  ]);
  const borders = new Set([0, 4, 4 + 260, 4 + 260 + 65546, 4 + 260 + 65546 + 2, frames.length]);
  const border = new FrameBorder();
  for (let at = 0; at < frames.length; at++) {
    assert.equal(border.atBorder, borders.has(at), String(at));
    border.pass(frames.subarray(at, at + 1));
  }
  assert.ok(border.atBorder);
});
