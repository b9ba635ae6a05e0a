import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from './access.ts';
import { answerOf, Http2Client, http2Front } from './http2-rig.ts';
import { answering, ok, proxyTo, rawOrigin } from './rig.ts';

test('a request of HTTP/2 is told like any other, and so is what Teal answers itself', async () => {
  await using origin = await answering(ok('hello'));
  const lines = new Lines();
  const errors = { '4xx': '<h1>yours {status}</h1>' };
  const routes = [{ role: 'web', hosts: ['shop.test'], paths: [] }];
  const observe = { log: lines.log, timing: 'all' } as const;
  await using router = await proxyTo(origin, { errors, routes }, { observe, trace: true });
  await using front = await http2Front(router);
  const client = new Http2Client(front.port);
  const { headers, body } = await answerOf(client.open({ ':path': '/a?b=c', ':authority': 'shop.test' }));
  assert.equal(body, 'hello');
  assert.match(String(headers['server-timing']), /^teal;dur=[0-9.]+, teal-queue;/);
  const told = await lines.at(0);
  assert.deepEqual(
    [told.protocol, told.path, told.status, told.outcome, told.bytesOut, told.app, told.rule, told.host],
    ['HTTP/2.0', '/a?b=…', 200, 'ok', 5, 'shop', 'live', 'shop.test'],
  );
  assert.ok(origin.received.includes(`traceparent: 00-${told.traceId}-`));
  const elsewhere = await answerOf(client.open({ ':path': '/', ':authority': 'other.test' }));
  assert.equal(elsewhere.status, 404);
  assert.match(String(elsewhere.headers['server-timing']), /^teal;dur=/);
  const refused = await lines.at(1);
  assert.deepEqual(
    [refused.outcome, refused.code, refused.bytesOut],
    ['refused', 'unknown-host', elsewhere.body.length],
  );
  const bad = await client.ask({ ':method': 'TRACE', ':authority': 'shop.test' });
  assert.equal(bad.status, 405);
  assert.deepEqual([(await lines.at(2)).rule, (await lines.at(2)).path], ['unreadable', null]);
  client.session.destroy();
});

test('a stream that its client resets is told as left', async () => {
  await using origin = await rawOrigin(() => {});
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  await using front = await http2Front(router);
  const client = new Http2Client(front.port);
  const stream = client.open({ ':path': '/slow', ':authority': 'shop.test' });
  stream.on('error', () => {});
  while (!origin.received.includes('/slow')) await new Promise((resolve) => setTimeout(resolve, 5));
  stream.close(8);
  const { outcome, status, protocol } = await lines.at(0);
  assert.deepEqual([outcome, status, protocol], ['client-gone', null, 'HTTP/2.0']);
  client.session.destroy();
});
