import assert from 'node:assert/strict';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Client } from '../../src/cli/client.ts';
import { untilEnded } from '../../src/cli/shell/ended.ts';
import type { TealError } from '../../src/errors.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import { start, until } from './cli.ts';
import { app, FakeControl, release } from './fake.ts';

let fake: FakeControl;
let proxy: Server;
let url: string;
/** The body of its 502 while nobody is behind it; null: somebody is. */
let away: string | null = null;
let turnedAway = 0;

before(async () => {
  fake = await FakeControl.start();
  const socket = socketPath(path.join(fake.directory, '.teal'), 'control.sock');
  proxy = createServer((asked, response) => {
    if (away !== null) {
      if (asked.url === '/v1/apps/shop') turnedAway += 1;
      response.writeHead(502, { 'content-type': 'application/json' }).end(away);
      return;
    }
    const { method, url: to, headers } = asked;
    const behind = request({ socketPath: socket, method, path: to, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      if (to === '/v1/stop') away = '{"message":"Bad Gateway"}';
    });
    behind.on('error', () => response.destroy());
    response.on('close', () => behind.destroy());
    asked.pipe(behind);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
after(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await fake.close();
});
beforeEach(() => {
  away = null;
  turnedAway = 0;
  fake.apps = [app()];
});

const elsewhere = (...args: readonly string[]) =>
  start(fake.directory, [...args, '--server', url], { TEAL_TOKEN: 'teal_none' });

test('down through a proxy is done when nobody is behind it any more', { timeout: 30_000 }, async (t) => {
  const running = elsewhere('down');
  t.after(() => running.child.kill('SIGKILL'));
  const { code, out, err } = await running.finished;
  assert.equal(code, 0, err);
  assert.match(out, /✓ Stopped/);
});

for (const body of ['', '{"error":"bad gateway"}']) {
  test(`a restart behind a proxy that says ${body || 'nothing'} is waited for`, async () => {
    const running = elsewhere('promote', 'shop', '--wait', '--timeout', '60s');
    await until('it follows', () => fake.followers > 0);
    away = body;
    await until('it has been turned away', () => turnedAway > 0);
    fake.apps = [app({ release: release({ status: 'promoted' }) })];
    away = null;
    const { code, err } = await running.finished;
    assert.equal(code, 0, err);
  });
}

test('a command to nobody behind a proxy says who answered', async () => {
  away = '{"message":"Bad Gateway"}';
  const { code, err } = await elsewhere('status').finished;
  assert.equal(code, 1);
  assert.match(err, /What is in front of http:\/\/127\.0\.0\.1:\d+ answered 502 in its place/);
  assert.match(err, /code: control-unavailable/);
});

test('whoever waits for the end of a control plane that does not end is told what still runs', async () => {
  const client = new Client(fake.directory, socketPath(path.join(fake.directory, '.teal'), 'control.sock'));
  await assert.rejects(untilEnded(client, 250), (error: TealError) => {
    assert.equal(error.code, 'timed-out');
    assert.match(
      error.message,
      /has not ended within 0\.25 s: what still runs is the control plane, the router, shop-blue-web-1/,
    );
    return true;
  });
});
