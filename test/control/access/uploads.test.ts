/** Archives that come from elsewhere: whole and as they were sent, or nothing is kept. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { test, type TestContext } from 'node:test';
import { isUpload, uploadedFile, Uploads, type Sent } from '../../../src/control/access/uploads.ts';
import { api } from '../../../src/control/api/app.ts';
import { atEnd } from '../../at-end.ts';
import { fakeDeps } from '../fakes.ts';
import { forever, scratch, until } from '../help.ts';
import { server } from '../raw.ts';

const digestOf = (content: string): string =>
  `sha-256=:${createHash('sha256').update(content).digest('base64')}:`;

const sent = (content: string, more: Partial<Sent> = {}): Sent => ({
  body: Readable.toWeb(Readable.from([Buffer.from(content)])) as ReadableStream<Uint8Array>,
  digest: digestOf(content),
  length: String(content.length),
  folder: false,
  ...more,
});

async function opened(t: TestContext, most = 1000) {
  const data = await scratch(t);
  const uploads = await Uploads.open({ data, most, now: Date.now });
  atEnd(t, () => uploads.close());
  const left = (): Promise<string[]> => readdir(path.join(data, 'uploads')).catch(() => []);
  return { data, uploads, left };
}

test('what is taken is what was sent, for this user alone, under a name that nobody can guess', async (t) => {
  const { data, uploads } = await opened(t);
  const { upload, sha256, bytes } = await uploads.take(sent('an archive'));
  assert.ok(isUpload(upload));
  assert.deepEqual([sha256, bytes], [createHash('sha256').update('an archive').digest('hex'), 10]);
  const file = uploadedFile(data, upload);
  assert.equal(await readFile(file, 'utf8'), 'an archive');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.match((await uploads.take(sent('x', { folder: true }))).upload, /^upload:[0-9a-f]{32}\.folder$/);
});

test('nothing is kept of what is too large, torn, damaged or without a checksum', async (t) => {
  const { uploads, left } = await opened(t, 10);
  await assert.rejects(uploads.take(sent('12345678901')), { code: 'upload-too-large' });
  await assert.rejects(uploads.take(sent('12345678901', { length: null })), { code: 'upload-too-large' });
  await assert.rejects(uploads.take(sent('a', { digest: digestOf('b') })), { code: 'upload-invalid' });
  for (const digest of [null, '', 'md5=:abc:', 'sha-256=abc', 'sha-256=:YWJj:'])
    await assert.rejects(uploads.take(sent('a', { digest })), { code: 'upload-invalid' }, String(digest));
  const torn = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(Buffer.from('half'));
      controller.error(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
    },
  });
  await assert.rejects(uploads.take(sent('halfhalf', { body: torn })), { code: 'upload-invalid' });
  assert.deepEqual(await left(), []);
  assert.equal((await uploads.take(sent('1234567890'))).bytes, 10, 'as large as it may be');
});

test('a fifth at once has to wait', async (t) => {
  const { uploads } = await opened(t);
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const slow = gates.map(({ promise }) =>
    uploads.take(
      sent('slow', {
        body: new ReadableStream<Uint8Array>({
          pull: async (controller) => {
            await promise;
            controller.enqueue(Buffer.from('slow'));
            controller.close();
          },
        }),
      }),
    ),
  );
  await assert.rejects(uploads.take(sent('fifth')), { code: 'too-many-requests' });
  for (const { resolve } of gates) resolve();
  await Promise.all(slow);
  await uploads.take(sent('fifth'));
});

test('a name that leads elsewhere is the name of no upload', async (t) => {
  const { data } = await opened(t);
  await mkdir(path.join(data, 'uploads'), { recursive: true });
  await writeFile(path.join(data, 'secret.tgz'), 'secret');
  const id = 'a'.repeat(32);
  for (const name of [
    '../secret',
    '..',
    '',
    '/etc/passwd',
    `${id}/../../secret`,
    `${id}.folder/../x`,
    `${id}\n`,
  ])
    assert.throws(() => uploadedFile(data, `upload:${name}`), { code: 'upload-invalid' }, name);
});

test('what a Teal before has left is gone, and so is everything when it ends', async (t) => {
  const { data, uploads } = await opened(t);
  const { upload } = await uploads.take(sent('a'));
  const again = await Uploads.open({ data, most: 10, now: Date.now });
  assert.throws(() => uploadedFile(data, upload), { code: 'upload-invalid' });
  const next = await again.take(sent('b'));
  await again.close();
  assert.ok(!existsSync(path.join(data, 'uploads', `${next.upload.slice('upload:'.length)}.tgz`)));
});

test('what is old goes, but not while a request that names it waits for its turn', async (t) => {
  const deps = await fakeDeps(t);
  const { uploads } = deps.access;
  const { upload } = await uploads.take(sent('an archive'));
  const file = uploadedFile(deps.config.data, upload);
  await utimes(file, 0, 0);
  deps.leases.take({ apps: ['shop'], actor: 'user:ben', version: 'v1' });
  const app = api(deps, { access: deps.access, startedAt: 0, stop: () => undefined, closing: forever });
  const waits = t.mock.method(deps.leases, 'takeInTurn');
  const gone = new AbortController();
  const answer = app.request('/v1/apps/shop/deploy', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ version: 'v2', from: upload, onConflict: 'wait' }),
    signal: gone.signal,
  });
  await until('it waits', () => waits.mock.callCount() > 0);
  await uploads.forget();
  assert.ok(existsSync(file), 'it is still needed');
  gone.abort();
  assert.equal((await answer).status, 503);
  await uploads.forget();
  assert.ok(!existsSync(file));
});

test('who has to wait is told how long', async (t) => {
  const deps = await fakeDeps(t);
  const { socket, send } = await server(t, deps);
  const head = (length: number): string =>
    [
      'POST /v1/uploads HTTP/1.1',
      'host: teal',
      'content-type: application/gzip',
      `content-digest: ${digestOf('x')}`,
      `content-length: ${length}`,
      '\r\n',
    ].join('\r\n');
  const slow = Array.from({ length: 4 }, () => connect(socket));
  for (const connection of slow) connection.write(head(10));
  const refused = await until('they are coming in', async () => {
    const answer = await send(`${head(1)}x`);
    return answer.status === 429 && answer;
  });
  assert.equal(refused.headers.get('retry-after'), '5');
  for (const connection of slow) connection.destroy();
});
