import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signPreview, verifyPreview } from '../../src/router/preview.ts';
import type { AppTable } from '../../src/router/table.ts';
import type { Proxy } from './rig.ts';
import { answering, appTable, endpoint, exchange, lastGet, ok, previewKey, proxy, tableOf } from './rig.ts';

const inAnHour = Date.now() + 3_600_000;
const grant = (version: string, expiresAt = inAnHour, app = 'shop') =>
  signPreview({ app, version, expiresAt }, previewKey);

interface Both extends AsyncDisposable {
  readonly router: Proxy;
  received(): string;
}

/** v1 live in blue, v2 in green, an app `other` beside them; each answers its version, and the target it saw. */
async function both(more: Partial<AppTable> = {}): Promise<Both> {
  const say = (version: string) => (text: string) => ok(`[${version} ${text.split(' ')[1]}]`);
  const v1 = await answering(say('v1'));
  const v2 = await answering(say('v2'));
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', v1.port)] },
    green: { version: 'v2', endpoints: [endpoint('g', v2.port)] },
  };
  const shop = appTable({
    environments,
    routes: [{ role: 'web', hosts: ['shop.test'], paths: [] }],
    ...more,
  });
  const other = appTable({
    app: 'other',
    routes: [{ role: 'web', hosts: ['other.test'], paths: [] }],
    environments: { blue: { version: 'o1', endpoints: [{ ...endpoint('o', v1.port) }] }, green: null },
  });
  const router = await proxy(tableOf(1, shop, other));
  return {
    router,
    received: () => v1.received + v2.received,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      await v1[Symbol.asyncDispose]();
      await v2[Symbol.asyncDispose]();
    },
  };
}

test('a header token shows its version, and never reaches the app', async () => {
  await using site = await both();
  const token = grant('v2');
  const answer = await exchange(site.router.port, lastGet('/a', `X-Teal-Preview: ${token}`));
  assert.match(answer, /\[v2 \/a\]$/);
  assert.ok(!site.received().includes(token) && !/x-teal-preview/i.test(site.received()));
  assert.match(site.received(), /\r\nx-teal-environment: green\r\n/);
});

test('a token also shows the version that is live, wherever it is', async () => {
  await using site = await both();
  assert.match(
    await exchange(site.router.port, lastGet('/', `X-Teal-Preview: ${grant('v1')}`)),
    /\[v1 \/\]$/,
  );
});

test('a path token works on any host, and the prefix is stripped', async () => {
  await using site = await both();
  for (const [path, seen] of [
    ['/.teal/preview/T/a/b?c=d', '/a/b?c=d'],
    ['/.teal/preview/T', '/'],
    ['/.teal/preview/T/', '/'],
    ['/.teal/preview/T?x=1', '/?x=1'],
  ] as const) {
    const target = path.replace('T', grant('v2'));
    const answer = await exchange(
      site.router.port,
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:99\r\nConnection: close\r\n\r\n`,
    );
    assert.ok(answer.endsWith(`[v2 ${seen}]`), answer);
  }
});

test('a browser is sent on with a cookie, and the cookie shows the version from then on', async () => {
  await using site = await both();
  const token = grant('v2');
  for (const line of ['Sec-Fetch-Mode: navigate', 'Accept: text/html,*/*']) {
    const answer = await exchange(site.router.port, lastGet(`/.teal/preview/${token}/a?b`, line));
    assert.match(answer, /^HTTP\/1\.1 302 Found\r\n/);
    assert.match(answer, /\r\nLocation: \/a\?b\r\n/);
    assert.ok(answer.includes(`\r\nSet-Cookie: teal-preview=${token}; HttpOnly; SameSite=Lax; Path=/\r\n`));
  }
  const shown = await exchange(site.router.port, lastGet('/a', `Cookie: a=1; teal-preview=${token}; b=2`));
  assert.match(shown, /\[v2 \/a\]$/);
  assert.match(site.received(), /\r\nCookie: a=1; b=2\r\n/);
  const alone = await exchange(site.router.port, lastGet('/a', `Cookie: teal-preview=${token}`));
  assert.match(alone, /\[v2 \/a\]$/);
  assert.ok(!site.received().includes(token));
});

test('the redirect never leaves the site', async () => {
  await using site = await both();
  for (const rest of ['//evil.test', '/\\evil.test', '///evil.test/', '/\\/evil.test']) {
    const answer = await exchange(
      site.router.port,
      lastGet(`/.teal/preview/${grant('v2')}${rest}`, 'Accept: text/html'),
    );
    assert.match(answer, /\r\nLocation: \/evil\.test\/?\r\n/);
  }
});

test('expired, forged and strange tokens in path or header are refused with 403', async () => {
  await using site = await both();
  const forged = signPreview(
    { app: 'shop', version: 'v2', expiresAt: inAnHour },
    Buffer.from('wrong').toString('base64url'),
  );
  const [payload] = grant('v2').split('.');
  const later = Buffer.from(JSON.stringify({ app: 'shop', version: 'v2', expiresAt: inAnHour * 2 })).toString(
    'base64url',
  );
  for (const [token, code] of [
    [grant('v2', Date.now() - 1), 'preview-expired'],
    [forged, 'preview-refused'],
    [`${later}.${grant('v2').split('.')[1]}`, 'preview-refused'],
    [`${payload}.`, 'preview-refused'],
    [`${grant('v2')};Domain=evil.test`, 'preview-refused'],
    [`${payload}`, 'preview-refused'],
    ['v2', 'preview-refused'],
    ['green', 'preview-refused'],
    ['x'.repeat(2000), 'preview-refused'],
    [grant('v2', inAnHour, 'nobody'), 'preview-refused'],
  ] as const) {
    for (const request of [
      lastGet('/', `X-Teal-Preview: ${token}`),
      lastGet(`/.teal/preview/${token}/`),
      lastGet(`/.teal/preview/${token}/`, 'Accept: text/html'),
    ]) {
      const answer = await exchange(site.router.port, request);
      assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/, token);
      assert.ok(answer.includes(`X-Teal-Error: ${code}\r\n`), answer);
    }
  }
  assert.equal(site.received(), '');
});

test('a cookie that opens nothing is ignored: live', async () => {
  await using site = await both();
  for (const token of [
    grant('v2', Date.now() - 1),
    'nonsense',
    grant('v9'),
    grant('o1', inAnHour, 'other'),
  ]) {
    const answer = await exchange(site.router.port, lastGet('/', `Cookie: teal-preview=${token}`));
    assert.match(answer, /\[v1 \/\]$/);
  }
});

test('a plain header or query gets nobody in', async () => {
  await using site = await both();
  const answer = await exchange(
    site.router.port,
    lastGet(
      '/?preview=green',
      'X-Teal-Environment: green',
      'X-Teal-Version: v2',
      'X-Preview: green',
      'X_Teal_Preview: green',
    ),
  );
  assert.match(answer, /\[v1 /);
});

test('a version that is nowhere any more is a 404 of ours', async () => {
  await using site = await both();
  const answer = await exchange(site.router.port, lastGet('/', `X-Teal-Preview: ${grant('v9')}`));
  assert.match(answer, /^HTTP\/1\.1 404 [^]*X-Teal-Error: preview-version-gone\r\n/);
  const browser = await exchange(
    site.router.port,
    lastGet(`/.teal/preview/${grant('v9')}/`, 'Accept: text/html'),
  );
  assert.match(browser, /^HTTP\/1\.1 404 /);
});

test('maintenance closes the live side and says when to come back; previews pass', async () => {
  await using site = await both({ maintenance: { message: 'Back <soon> at 5 ☕' } });
  const answer = await exchange(site.router.port, lastGet());
  assert.match(answer, /^HTTP\/1\.1 503 [^]*X-Teal-Error: maintenance\r\n[^]*Retry-After: 30\r\n/);
  assert.ok(answer.includes('Back &#60;soon&#62; at 5 &#9749;'));
  const length = Number(/Content-Length: (\d+)/.exec(answer)?.[1]);
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, length);
  assert.match(
    await exchange(site.router.port, lastGet('/', `X-Teal-Preview: ${grant('v2')}`)),
    /\[v2 \/\]$/,
  );
});

test('before anything is live there is a 503 that says so, and previews pass', async () => {
  await using site = await both({ live: null });
  assert.match(
    await exchange(site.router.port, lastGet()),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: no-live-version\r\n/,
  );
  assert.match(
    await exchange(site.router.port, lastGet('/', `X-Teal-Preview: ${grant('v2')}`)),
    /\[v2 \/\]$/,
  );
});

test('no table at all is a 503, an unknown host a 404', async () => {
  await using empty = await proxy(null);
  assert.match(await exchange(empty.port, lastGet()), /^HTTP\/1\.1 503 [^]*X-Teal-Error: no-table\r\n/);
  await using site = await both();
  const answer = await exchange(
    site.router.port,
    'GET / HTTP/1.1\r\nHost: nobody.test\r\nConnection: close\r\n\r\n',
  );
  assert.match(answer, /^HTTP\/1\.1 404 [^]*X-Teal-Error: unknown-host\r\n/);
});

test('what is signed verifies until it expires, and with any other key or byte it does not', () => {
  const key = fc
    .uint8Array({ minLength: 16, maxLength: 64 })
    .map((bytes) => Buffer.from(bytes).toString('base64url'));
  const given = fc.record({
    app: fc.string(),
    version: fc.string(),
    expiresAt: fc.nat(),
    own: key,
    other: key,
    at: fc.nat(),
  });
  fc.assert(
    fc.property(given, ({ app, version, expiresAt, own, other, at }) => {
      const token = signPreview({ app, version, expiresAt }, own);
      const good = verifyPreview(token, expiresAt - 1, () => own);
      assert.deepEqual(good.ok && good.grant, { app, version, expiresAt });
      const late = verifyPreview(token, expiresAt, () => own);
      assert.ok(!late.ok && late.why === 'expired');
      if (own !== other) assert.ok(!verifyPreview(token, expiresAt - 1, () => other).ok);
      assert.ok(!verifyPreview(token, expiresAt - 1, () => null).ok);
      const index = at % token.length;
      const changed = token.slice(0, index) + (token[index] === 'A' ? 'B' : 'A') + token.slice(index + 1);
      const verdict = verifyPreview(changed, expiresAt - 1, () => own);
      // Base64 may spell the same bytes in several ways at its end: then it is the same grant, and nothing is won.
      if (verdict.ok) assert.deepEqual(verdict.grant, { app, version, expiresAt });
    }),
    { numRuns: 300 },
  );
});
