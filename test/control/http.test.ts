/** What is no request of the API, or not one it takes: refused as a problem, over a real socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { patienceWith, readJson } from '../../src/control/api/read-json.ts';
import { fakeDeps } from './fakes.ts';
import { problemIn, server, type RawAnswer } from './raw.ts';

const head = (line: string, fields: readonly string[] = []): string =>
  `${[`${line} HTTP/1.1`, 'host: teal', ...fields].join('\r\n')}\r\n\r\n`;

const post = (at: string, body: string | Buffer, fields: readonly string[] = []): Buffer =>
  Buffer.concat([
    Buffer.from(head(`POST ${at}`, [`content-length: ${Buffer.byteLength(body)}`, ...fields])),
    Buffer.from(body),
  ]);

const json = 'content-type: application/json';
const pause = '/v1/apps/shop/maintenance';

function refused(answer: RawAnswer, code: string, status: number): void {
  assert.deepEqual([answer.status, problemIn(answer).code], [status, code], answer.body);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(problemIn(answer).status, status);
  assert.ok(problemIn(answer).remedy.length > 3);
}

test('a problem says where its code is told of, and that is there', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  const answer = await send(head('GET /v1/apps/nope'));
  const { type, title, detail } = problemIn(answer) as unknown as Record<string, string>;
  assert.deepEqual([type, title], ['/v1/errors/app-unknown', 'App unknown']);
  assert.match(detail ?? '', /no app nope/);
  assert.equal((await send(head(`GET ${type}`))).status, 200);
});

test('what is no HTTP is refused and closed', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET /v1/status HTTP/9.9\r\nhost: teal\r\n\r\n',
    head('NOPE /v1/status'),
    head('GET /v1/status', ['bad header: x']),
    head('POST /v1/rollback', ['content-length: 2', 'content-length: 3']),
    head('POST /v1/rollback', ['transfer-encoding: chunked', 'content-length: 3']),
    'GET /v1/status HTTP/1.1\r\n\r\n',
    'GET /v1/status HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
    head('GET http://[::1/x'),
    head('GET /a\\b'),
    head('GET /v1/status', ['expect: magic']),
  ]) {
    refused(await send(bytes), 'usage', 400);
  }
  const tunnel = await send(head('CONNECT teal:1'));
  refused(tunnel, 'method-not-allowed', 405);
  assert.match(tunnel.headers.get('allow') ?? '', /GET/);
  const long = await send(head('GET /v1/status', [`x-long: ${'x'.repeat(20_000)}`]));
  refused(long, 'headers-too-large', 431);
  assert.equal((await send(head('GET /v1/status'))).status, 200, 'and goes on');
});

test('a body is JSON, says so, and is not too large', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  const on = '{"on":true}';
  assert.equal((await send(post(pause, on, [json]))).status, 200);
  assert.equal(
    (await send(post(pause, on, ['Content-Type: Application/JSON; charset="UTF-8"']))).status,
    200,
  );
  for (const fields of [[], ['content-type: text/plain'], ['content-type: application/json; charset=utf-16']])
    refused(await send(post(pause, on, fields)), 'unsupported-media-type', 415);
  refused(await send(post(pause, on, [json, 'content-encoding: gzip'])), 'unsupported-media-type', 415);
  for (const bad of ['{', '{"on":true}x', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), '[', 'null', '"on"'])
    refused(await send(post(pause, bad, [json])), 'usage', 400);
  const deep = '['.repeat(100_000);
  refused(await send(post(pause, deep, [json])), 'usage', 400);
  refused(await send(post(pause, `${'[1,'.repeat(50_000)}1${']'.repeat(50_000)}`, [json])), 'usage', 400);
  const large = ' '.repeat(256 * 1024 + 1);
  refused(await send(post(pause, large, [json])), 'body-too-large', 413);
  const chunked = `${head(`POST ${pause}`, [json, 'transfer-encoding: chunked'])}${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
  refused(await send(chunked), 'body-too-large', 413);
  refused(await send(head(`POST ${pause}`, [json, 'content-length: 99999999'])), 'body-too-large', 413);
});

test('what is wrong with a body is said in words', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  const said = async (at: string, body: unknown): Promise<string> => {
    const answer = await send(post(at, JSON.stringify(body), [json]));
    refused(answer, 'usage', 400);
    return problemIn(answer).detail;
  };
  const deploy = '/v1/apps/shop/deploy';
  assert.equal(await said(deploy, {}), 'version is missing.');
  assert.equal(await said(deploy, { version: 5 }), 'version: expected string, got 5.');
  const mistyped = { version: 'v1', reson: 'x' };
  assert.equal(await said(deploy, mistyped), 'There is no reson here. Did you mean reason?');
  const token = { name: 'ci', role: 'viewer' };
  assert.match(
    await said('/v1/tokens', { ...token, name: 'a b' }),
    /^name: expected up to 64 letters.*got "a b"\.$/,
  );
  assert.match(
    await said('/v1/tokens', { ...token, apps: ['A'] }),
    /^apps\.0: expected the name of an app, got "A"\.$/,
  );
  assert.match(await said('/v1/tokens', { ...token, apps: [] }), /^apps: expected a length >=1, got 0\.$/);
  const archive = await send(post('/v1/uploads', 'x', ['content-type: application/gzip']));
  refused(archive, 'usage', 400);
  assert.match(problemIn(archive).detail, /^content-digest is missing: sha-256=:<base64>:/);
});

test('a body that ends early is refused, if anybody is there to hear it', async (t) => {
  const { send, socket } = await server(t, await fakeDeps(t));
  const short = head(`POST ${pause}`, [json, 'content-length: 100']);
  refused(await send(`${short}{"on":`, { halfClose: true }), 'usage', 400);
  const gone = connect(socket);
  gone.write(`${short}{"on":`, () => gone.destroy());
  await new Promise((resolve) => gone.on('close', resolve));
  assert.equal((await send(head('GET /v1/status'))).status, 200);
});

test('a body that comes too slowly is refused', async () => {
  const never = new ReadableStream({ start: (out) => out.enqueue(Buffer.from('{')) });
  const request = new Request('http://teal/', {
    method: 'POST',
    body: never,
    duplex: 'half',
    headers: { 'content-type': 'application/json' },
  } as RequestInit);
  await assert.rejects(readJson(request, { ...patienceWith(true), ms: 20 }), { code: 'request-timeout' });
});

test('who has not said who they are sends little', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  for (const at of ['/v1/login/device', '/v1/login/device/token'])
    refused(await send(post(at, ' '.repeat(64 * 1024 + 1), [json])), 'body-too-large', 413);
  refused(await send(post('/v1/login/device', ' '.repeat(64 * 1024), [json])), 'usage', 400);
});

test('who is answered, and goes on with a body that nobody waits for, holds no connection', async (t) => {
  const { socket } = await server(t, await fakeDeps(t));
  for (const line of ['GET /healthz', 'POST /v1/nothing', 'DELETE /v1/nothing']) {
    const connection = connect(socket);
    connection.on('error', () => undefined);
    connection.write(head(line, ['content-length: 1000000']));
    const [answer] = (await once(connection, 'data')) as [Buffer];
    assert.match(String(answer), /^HTTP\/1\.1 (?:200|404)/, line);
    const drip = setInterval(() => connection.write('x'), 100);
    t.after(() => clearInterval(drip));
    t.after(() => connection.destroy());
    // Ended or reset, whichever it was writing into.
    const closed = new Promise<'closed'>((resolve) =>
      connection.resume().on('close', () => resolve('closed')),
    );
    const late = new Promise<'open'>((resolve) => setTimeout(resolve, 15_000, 'open').unref());
    assert.equal(await Promise.race([closed, late]), 'closed', line);
    clearInterval(drip);
  }
});

test('other methods get 405 with Allow, OPTIONS says them, HEAD says what GET would, without a body', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  for (const method of ['DELETE', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY']) {
    const answer = await send(head(`${method} /v1/status`));
    refused(answer, 'method-not-allowed', 405);
    assert.equal(answer.headers.get('allow'), 'GET, HEAD, OPTIONS', method);
  }
  assert.equal((await send(head(`GET ${pause}`))).headers.get('allow'), 'POST, OPTIONS');
  const options = await send(head('OPTIONS /v1/status'));
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS']);
  for (const at of [
    '/v1/status',
    '/v1/events?follow=1',
    '/v1/events/stream',
    '/v1/apps/shop/logs?follow=1',
  ]) {
    const answer = await send(head(`HEAD ${at}`), { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.body], [200, ''], at);
  }
  refused(await send(head('OPTIONS /v1/nothing')), 'not-found', 404);
});

test('a query is read as the route says, and nothing else is taken', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  const bad: [string, RegExp][] = [
    ['/v1/events?limit=many', /limit=many: expected a whole number/],
    ['/v1/events?limit=-1', /limit=-1/],
    ['/v1/events?limit=1e3', /limit=1e3/],
    ['/v1/events?limit=99999999999999999999', /limit=9999/],
    ['/v1/events?limit=1&limit=2', /limit is given twice/],
    ['/v1/events?limti=1', /no limti to ask by. Did you mean limit\?/],
    ['/v1/status?x=1', /no x to ask by/],
    ['/v1/events?follow=yes', /follow=yes: expected 1 or 0/],
    ['/v1/apps/shop/logs?lines=1000000', /lines=1000000/],
    ['/v1/events?__proto__=1', /no __proto__ to ask by/],
  ];
  for (const [at, message] of bad) {
    const answer = await send(head(`GET ${at}`));
    refused(answer, 'usage', 400);
    assert.match(problemIn(answer).detail, message);
  }
  for (const at of ['/v1/events?follow=0', '/v1/events?app=', '/v1/apps/shop/logs?follow=false&lines=0'])
    assert.equal((await send(head(`GET ${at}`))).status, 200, at);
});

test('names of apps that lead elsewhere are names of no app', async (t) => {
  const { send } = await server(t, await fakeDeps(t));
  for (const name of [
    '..%2f..%2fetc',
    '%2e%2e',
    '__proto__',
    'constructor',
    'shop%00',
    '%ff%fe',
    'shop%2flogs',
  ]) {
    const answer = await send(head(`GET /v1/apps/${name}/logs`));
    assert.equal(answer.status, 404, `${name}: ${answer.body}`);
    assert.ok(['app-unknown', 'not-found'].includes(problemIn(answer).code), name);
  }
  refused(await send(head(`GET /v1/apps/${'a'.repeat(300)}`)), 'usage', 400);
});

test('events come in pages that lead to each other', async (t) => {
  const deps = await fakeDeps(t);
  const { send } = await server(t, deps);
  const note = { at: 1, actor: 'a', reason: null, type: 'restarted', data: {} };
  await deps.store.append(
    'shop',
    1,
    Array.from({ length: 6 }, () => note),
  );
  const seqs: number[] = [];
  let at: string | null = '/v1/events?app=shop&limit=3';
  for (let pages = 0; at !== null && pages < 9; pages++) {
    const answer: RawAnswer = await send(head(`GET ${at}`));
    seqs.push(...(JSON.parse(answer.body) as { seq: number }[]).map(({ seq }) => seq));
    at = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
  }
  assert.deepEqual(seqs, [7, 6, 5, 4, 3, 2, 1]);
});
