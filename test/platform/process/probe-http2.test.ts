import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Health } from '../../../src/config/config.ts';
import { probeHttp2 } from '../../../src/platform/process/probe-http2.ts';
import type { Probe } from '../../../src/platform/process/probe.ts';
import { quickHealth } from '../apps.ts';

const call = '/grpc.health.v1.Health/Check';

async function ask(
  t: TestContext,
  app: (stream: ServerHttp2Stream, path: string | undefined) => void,
  health: Partial<Health> = {},
): Promise<Probe> {
  const server = http2.createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => app(stream, headers[':path']));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return probe(port, health);
}

function probe(port: number, health: Partial<Health> = {}): Promise<Probe> {
  const signal = new AbortController().signal;
  return probeHttp2({ host: '127.0.0.1', port }, { ...quickHealth, ...health }, signal);
}

function answer(status: string, message: readonly number[]): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'why' }));
    stream.end(Buffer.from(message));
  };
}

test('an app of HTTP/2 is asked by HTTP/2', async (t) => {
  const paths: (string | undefined)[] = [];
  const ok = await ask(
    t,
    (stream, path) => {
      paths.push(path);
      stream.respond({ ':status': 204 });
      stream.end();
    },
    { path: '/healthz?x' },
  );
  assert.deepEqual(ok, { kind: 'ok', status: 204 });
  assert.deepEqual(paths, ['/healthz?x']);
});

test('what is wrong is told as of an app of HTTP/1', async (t) => {
  const failed = await ask(t, (stream) => {
    stream.respond({ ':status': 500, location: '/x' });
    stream.end(`no\n${'x'.repeat(1000)}`);
  });
  assert.ok(failed.kind === 'status');
  assert.deepEqual([failed.status, failed.location, failed.body.slice(0, 5)], [500, '/x', 'no xx']);
  assert.deepEqual(await ask(t, () => {}, { timeoutMs: 100 }), { kind: 'timeout' });
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  assert.deepEqual(await probe(port), { kind: 'refused' });
});

test('a server that speaks no HTTP/2 is broken, not healthy', async (t) => {
  const server = net.createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  assert.equal((await probe((server.address() as AddressInfo).port)).kind, 'broken');
});

for (const [name, app, expected] of [
  ['serving', answer('0', [0, 0, 0, 0, 2, 8, 1]), { kind: 'ok', status: 200 }],
  [
    'not serving',
    answer('0', [0, 0, 0, 0, 2, 8, 2]),
    { kind: 'status', status: 200, location: null, body: 'not serving' },
  ],
  [
    'without that service',
    answer('12', []),
    { kind: 'status', status: 200, location: null, body: 'gRPC status 12 why' },
  ],
] as const) {
  test(`a server of gRPC is asked by its health protocol: ${name}`, async (t) => {
    let asked = '';
    const seen = await ask(
      t,
      (stream) => {
        stream.on('data', (data: Buffer) => (asked += data.toString('hex')));
        stream.on('end', () => app(stream));
      },
      { path: call },
    );
    assert.deepEqual(seen, expected);
    assert.equal(asked, '0000000000');
  });
}
