import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import type { AppTable } from '../../src/router/table.ts';
import type { Origin, Proxy } from './rig.ts';
import {
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  proxy,
  RawClient,
  rawOrigin,
  tableOf,
  until,
} from './rig.ts';

/** v1 in blue and v2 in green; `/slow` is answered by `finish()`. */
interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly app: AppTable;
  readonly origins: readonly Origin[];
  finish(): void;
  /** Everyone is at green now; blue is warm when `warm`. */
  switched(generation: number, warm: boolean): void;
}

async function site(more: Partial<AppTable> = {}): Promise<Site> {
  const waiting: (() => void)[] = [];
  const origins = await Promise.all(
    ['v1', 'v2'].map((version) =>
      rawOrigin((socket, text) => {
        if (!text.endsWith('\r\n\r\n')) return;
        const answer = (): boolean => socket.write(ok(`=${version}`, 'X-Teal-Version: forged'));
        if (text.slice(text.lastIndexOf('GET ')).startsWith('GET /slow')) waiting.push(answer);
        else answer();
      }),
    ),
  );
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b0', origins[0]?.port ?? 0)] },
    green: { version: 'v2', endpoints: [endpoint('g0', origins[1]?.port ?? 0)] },
  };
  const app = appTable({ environments, skew: { warm: null }, ...more });
  const router = await proxy(tableOf(1, app));
  return {
    router,
    app,
    origins,
    finish: () => waiting.splice(0).forEach((answer) => answer()),
    switched: (generation, warm) =>
      router.use(tableOf(generation, { ...app, live: 'green', skew: { warm: warm ? 'blue' : null } })),
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      for (const origin of origins) await origin[Symbol.asyncDispose]();
    },
  };
}

const page = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none'];
const file = (dest: string, mode = 'no-cors') => [`Sec-Fetch-Mode: ${mode}`, `Sec-Fetch-Dest: ${dest}`];
const cookieOf = (answer: string): string =>
  /^set-cookie: (teal-skew\.shop=[A-Za-z0-9_-]{22}); Path=\/; HttpOnly; SameSite=Lax/im.exec(answer)?.[1] ??
  '';
const servedBy = (answer: string): string => answer.slice(answer.lastIndexOf('=') + 1);

async function ask(s: Site, lines: readonly string[], cookie = '', path = '/x'): Promise<string> {
  return exchange(s.router.port, lastGet(path, ...lines, ...(cookie === '' ? [] : [`Cookie: ${cookie}`])));
}

test('a page says its version by a cookie, once, and nothing else does', async () => {
  await using s = await site();
  const cookie = cookieOf(await ask(s, page));
  assert.notEqual(cookie, '');
  assert.equal(cookieOf(await ask(s, page, `a=1; ${cookie}`)), '', 'it is known');
  for (const lines of [file('script'), file('empty', 'cors'), []])
    assert.equal(cookieOf(await ask(s, lines)), '');
  assert.ok(!s.origins.some(({ received }) => received.includes('teal-skew')), 'the app does not see it');
  s.switched(2, true);
  const next = cookieOf(await ask(s, page, cookie));
  assert.ok(next !== '' && next !== cookie, 'a page of the new version says so');
});

test('after a switch an open page gets its files from its own version, and all else from what is live', async () => {
  await using s = await site();
  const cookie = cookieOf(await ask(s, page));
  s.switched(2, true);
  for (const dest of ['script', 'style', 'image', 'font', 'worker'])
    assert.equal(servedBy(await ask(s, file(dest), cookie)), 'v1', dest);
  assert.equal(servedBy(await ask(s, file('script', 'cors'), cookie)), 'v1', 'a module');
  const elsewhere: readonly (readonly [string, readonly string[], string])[] = [
    ['a page that is opened', page, cookie],
    ['a call of an API', file('empty', 'cors'), cookie],
    ['no cookie', file('script'), ''],
    ['a made-up one', file('script'), 'teal-skew.shop=AAAAAAAAAAAAAAAAAAAAAA'],
    ['one that is longer', file('script'), `${cookie}A`],
    ['one of another name', file('script'), `x${cookie}`],
    ['a program', [], cookie],
    ['a service worker, which has to be the newest', file('serviceworker', 'same-origin'), cookie],
  ];
  for (const [what, lines, with_] of elsewhere)
    assert.equal(servedBy(await ask(s, lines, with_)), 'v2', what);
  const post = `POST /x HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\nContent-Length: 0\r\n${file('script').join('\r\n')}\r\nCookie: ${cookie}\r\n\r\n`;
  assert.equal(servedBy(await exchange(s.router.port, post)), 'v2', 'what may change something');
  const again = `teal-skew.shop=no; ${cookie}`;
  assert.equal(servedBy(await ask(s, file('script'), again)), 'v1', 'another host cannot push it out');
});

test('as soon as the old version is not warm any more its pages get what is live', async () => {
  await using s = await site();
  const cookie = cookieOf(await ask(s, page));
  s.switched(2, false);
  assert.equal(servedBy(await ask(s, file('script'), cookie)), 'v2');
  s.router.use(
    tableOf(3, {
      ...s.app,
      live: 'green',
      skew: { warm: 'blue' },
      environments: { ...s.app.environments, blue: { version: 'v1', endpoints: [] } },
    }),
  );
  assert.equal(servedBy(await ask(s, file('script'), cookie)), 'v2', 'it has no instance');
  s.router.use(tableOf(4, { ...s.app, live: 'green', skew: null }));
  const off = await ask(s, page);
  assert.equal(cookieOf(off), '', 'skew is off');
});

test('a drain of the old version neither waits for files of its pages nor cuts them while it is warm, and does when it goes', async () => {
  await using s = await site();
  const cookie = cookieOf(await ask(s, page));
  s.switched(2, true);
  const client = new RawClient(s.router.port);
  client.send(get('/slow', ...file('script'), `Cookie: ${cookie}`));
  await until(
    () => s.router.engine.registry.endpoints.get('b0')?.active.size === 1,
    'the file to be on its way',
  );
  const request = { app: 'shop', endpoints: ['b0'], streams: 'drain', deadlineMs: 10_000 } as const;
  const context = { signal: new AbortController().signal, progress: () => undefined };
  const began = performance.now();
  assert.deepEqual(await drainWorker(s.router.engine.registry, request, context), { finished: 0, cut: 0 });
  assert.ok(performance.now() - began < 5000);
  s.router.use(tableOf(3, { ...s.app, live: 'green', environments: { ...s.app.environments, blue: null } }));
  const leaving = drainWorker(s.router.engine.registry, request, context);
  s.finish();
  assert.deepEqual(await leaving, { finished: 1, cut: 0 });
  await client.has('=v1');
  client.close();
});

test('answers say their version when they are asked to, whatever the app says', async () => {
  await using s = await site({ exposeVersion: true });
  const versions = async (lines: readonly string[], cookie = ''): Promise<string[]> =>
    [...(await ask(s, lines, cookie)).matchAll(/^x-teal-version: (.*)\r$/gim)].map((found) => found[1] ?? '');
  assert.deepEqual(await versions([]), ['v1']);
  const cookie = cookieOf(await ask(s, page));
  s.switched(2, true);
  assert.deepEqual(await versions([]), ['v2']);
  assert.deepEqual(await versions(file('script'), cookie), ['v1']);
  await using quiet = await site();
  assert.ok(!/x-teal-version/i.test(await ask(quiet, [])));
});
