import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signPreview } from '../../src/router/preview.ts';
import {
  answering,
  endpoint,
  exchange,
  lastGet,
  ok,
  previewKey,
  proxyTo,
  rawOrigin,
  upstream,
} from './rig.ts';

const dur = (answer: string, name: string): number => {
  const line = /^Server-Timing: (teal;.*)\r$/m.exec(answer)?.[1] ?? '';
  return Number(new RegExp(`(?:^|, )${name};dur=([0-9.]+)`).exec(line)?.[1] ?? Number.NaN);
};

test('Server-Timing tells where the time to the first byte went, beside what the app says', async () => {
  await using origin = await rawOrigin((socket) => {
    setTimeout(() => socket.write(ok('x', 'Server-Timing: db;dur=5')), 40);
  });
  await using router = await proxyTo(origin, {}, { observe: { timing: 'all' } });
  const answer = await exchange(router.port, lastGet());
  assert.ok(answer.includes('\r\nServer-Timing: db;dur=5\r\n'));
  const [total, app] = [dur(answer, 'teal'), dur(answer, 'teal-app')];
  assert.ok(app >= 35 && total >= app, answer);
  assert.ok(dur(answer, 'teal-queue') >= 0 && dur(answer, 'teal-connect') >= 0, answer);
});

test('with preview only who holds a token is told', async () => {
  await using origin = await answering(ok('x'));
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', origin.port)] },
    green: { version: 'v2', endpoints: [endpoint('g', origin.port)] },
  };
  await using router = await proxyTo(origin, { environments }, { observe: { timing: 'preview' } });
  const token = signPreview({ app: 'shop', version: 'v2', expiresAt: Date.now() + 3_600_000 }, previewKey);
  assert.ok(!(await exchange(router.port, lastGet())).includes('Server-Timing'));
  assert.ok(
    (await exchange(router.port, lastGet('/', `X-Teal-Preview: ${token}`))).includes('Server-Timing: teal;'),
  );
});

test('answers of Teal itself tell it as well', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(
    origin,
    { upstream: { ...upstream, responseTimeoutMs: 100 } },
    { observe: { timing: 'all' } },
  );
  const answer = await exchange(router.port, lastGet());
  assert.match(answer, /^HTTP\/1\.1 504/);
  assert.ok(dur(answer, 'teal') >= 100, answer);
});
