import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from '../../src/router/embedded/page.ts';
import { renderPage } from '../../src/router/embedded/page.ts';
import { compilePages } from '../../src/router/embedded/error-pages.ts';
import { answering, exchange, get, lastGet, ok, proxyTo, rawOrigin, RawClient, upstream } from './rig.ts';

const errors = {
  '502': '<h1>five-oh-two {request-id}</h1>',
  '5xx': '<h1>any {status} {code} {message}</h1>',
  '4xx': '<h1>yours: {status}</h1>',
  maintenance: '<h1>Wir sind gleich zurück — {message} {unknown}</h1>',
};

const page = (status: number, code: string, more: Partial<Page> = {}): Page => ({
  status,
  code,
  says: 'Says <b> & more…',
  requestId: 'r-1',
  json: false,
  pages: compilePages(errors),
  ...more,
});

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

test('every answer of Teal takes the nearest page: its own, its status, its class, or the plain one', () => {
  const says = 'Says &#60;b&#62; &#38; more&#8230;';
  for (const [status, code, expected] of [
    [503, 'maintenance', `<h1>Wir sind gleich zurück — ${says} {unknown}</h1>`],
    [503, 'no-endpoint', `<h1>any 503 no-endpoint ${says}</h1>`],
    [503, 'no-live-version', `<h1>any 503 no-live-version ${says}</h1>`],
    [504, 'response-timeout', `<h1>any 504 response-timeout ${says}</h1>`],
    [502, 'bad-response', '<h1>five-oh-two r-1</h1>'],
    [502, 'connect-refused', '<h1>five-oh-two r-1</h1>'],
    [400, 'bad-body', '<h1>yours: 400</h1>'],
    [403, 'preview-refused', '<h1>yours: 403</h1>'],
    [404, 'preview-version-gone', '<h1>yours: 404</h1>'],
    [408, 'body-timeout', '<h1>yours: 408</h1>'],
    [413, 'body-too-large', '<h1>yours: 413</h1>'],
  ] as const) {
    const text = renderPage(page(status, code), 'Connection: close\r\n', true);
    assert.equal(Buffer.from(bodyOf(text), 'latin1').toString(), expected);
    assert.ok(text.includes(`\r\nContent-Length: ${Buffer.byteLength(expected)}\r\n`), text);
    assert.ok(text.includes(`\r\nX-Teal-Error: ${code}\r\n`) && text.includes('text/html; charset=utf-8'));
    const head = renderPage(page(status, code), 'Connection: close\r\n', false);
    assert.equal(head, text.slice(0, text.indexOf('\r\n\r\n') + 4));
    const json = renderPage(page(status, code, { json: true }), '', true);
    assert.equal((JSON.parse(bodyOf(json)) as { error: string }).error, code);
  }
  assert.match(renderPage(page(302, 'preview'), '', true), /Teal router/);
  assert.match(
    renderPage(page(502, 'bad-response', { pages: compilePages({ '503': 'x' }) }), '', true),
    /Teal router/,
  );
});

test('a page of the app stands for what Teal answers, for browsers, HEAD and JSON each as they need', async () => {
  await using origin = await rawOrigin((socket) => socket.write('nonsense\r\n\r\n'));
  await using router = await proxyTo(origin, { errors });
  const html = await exchange(router.port, lastGet());
  const id = /^X-Request-Id: (.*)\r$/m.exec(html)?.[1];
  assert.equal(bodyOf(html), `<h1>five-oh-two ${id}</h1>`);
  const head = await exchange(router.port, lastGet().replace('GET', 'HEAD'));
  assert.equal(bodyOf(head), '');
  assert.match(head, new RegExp(`Content-Length: ${bodyOf(html).length}\r\n`));
  assert.match(
    await exchange(router.port, lastGet('/', 'Accept: application/json')),
    /\{"error":"bad-response"/,
  );
});

test("the app's own errors go out as they are", async () => {
  await using origin = await answering('HTTP/1.1 502 Mine\r\nContent-Length: 4\r\n\r\nmine');
  await using router = await proxyTo(origin, { errors });
  assert.match(await exchange(router.port, lastGet()), /502 Mine[^]*mine$/);
});

test('maintenance shows its page, and the connection is good for the next request', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, { errors, maintenance: { message: 'um <14> Uhr' } });
  const client = new RawClient(router.port);
  await client
    .send(get() + get())
    .until(({ text }) => text.split('HTTP/1.1 503').length === 3 && text.endsWith('</h1>'));
  const text = Buffer.from(client.text, 'latin1').toString();
  assert.equal(text.split('<h1>Wir sind gleich zurück — um &#60;14&#62; Uhr {unknown}</h1>').length, 3);
  assert.match(text, /Retry-After: 30/);
  client.close();
});

test('limits of the app show its page; a head that names no app shows the plain one', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(origin, { errors, upstream: { ...upstream, maxBodyBytes: 1 } });
  const large = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n';
  assert.match(await exchange(router.port, large), /yours: 413/);
  assert.match(await exchange(router.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), /Teal router/);
});
