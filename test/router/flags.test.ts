import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { AudienceTable } from '../../src/audience/table.ts';
import type { FlagTable } from '../../src/features/flag-set.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Engine } from '../../src/router/embedded/engine.ts';
import { WorkerFacts } from '../../src/router/embedded/fact-sources.ts';
import { trustedList } from '../../src/router/embedded/peer.ts';
import type { AppTable } from '../../src/router/table.ts';
import {
  answering,
  appTable,
  closed,
  endpoint,
  limits,
  listen,
  ok,
  portOf,
  tableOf,
  type Origin,
} from './rig.ts';

const bulkPath = '/.teal/ofrep/v1/evaluate/flags';

let origin: Origin;
let engine: Engine;
let facts: WorkerFacts;
let front: Server;
let generation = 0;
let base = '';

before(async () => {
  origin = await answering(ok('the app'));
  const trustedProxies = trustedList(['127.0.0.1']);
  facts = new WorkerFacts({ trustedProxies, geoDatabase: null, onWarning: () => undefined });
  engine = new Engine({ client: limits, trustedProxies });
  front = net.createServer({ allowHalfOpen: true }, (socket) =>
    engine.accept(socket, { remoteAddress: '127.0.0.1', secure: false }),
  );
  await listen(front);
  base = `http://127.0.0.1:${portOf(front)}`;
});

after(async () => {
  engine.close();
  facts.close();
  await closed(front);
  await origin[Symbol.asyncDispose]();
});

const candidate = { '==': [{ var: 'teal.cohort' }, 'candidate'] };
const opened: FlagTable = {
  set: {
    flags: {
      checkout: {
        state: 'ENABLED',
        variants: { on: true, off: false },
        defaultVariant: 'off',
        targeting: { if: [candidate, 'on'] },
        metadata: { stage: 'open', with: 'v2' },
      },
      text: { state: 'ENABLED', variants: { off: 'grün ✓' }, defaultVariant: 'off', metadata: {} },
      few: {
        state: 'ENABLED',
        variants: { on: 1, off: 0 },
        defaultVariant: 'off',
        targeting: { if: [{ '!=': [{ var: 'teal.bucket' }, null] }, 'on'] },
        metadata: {},
      },
    },
    metadata: { flagSetId: 'shop', version: 'one' },
  },
  epoch: 'one',
  audiences: ['beta'],
  shares: false,
};

const audience: AudienceTable = {
  app: 'shop',
  live: 'blue',
  release: { id: 'shop-2', candidate: 'green', cohort: 'same', exposed: [{ to: ['beta'], width: 100_000 }] },
  identity: {
    sources: [{ kind: 'header', name: 'x-user', from: 'proxies' }],
    anonymous: 'keep',
    cookieDomain: null,
    jwt: null,
  },
  audiences: { beta: { kind: 'users', users: ['anna'] } },
  paths: ['/'],
  offset: 0,
};

function use(more: Partial<AppTable> = {}): void {
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('blue', origin.port)] },
    green: { version: 'v2', endpoints: [endpoint('green', origin.port)] },
  };
  const app = appTable({ environments, audience, flags: opened, ...more });
  engine.commit(compileTable(tableOf(++generation, app), engine.registry, facts));
}

async function ask(path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

const valueFor = async (user: string, context: object = {}): Promise<unknown> =>
  (await ask(`${bulkPath}/checkout`, { context }, { 'x-user': user })).body.value;

describe('flags at the router', () => {
  test('are what the side of who asks says, by the facts that their pages go by', async () => {
    use();
    assert.equal(await valueFor('anna'), true);
    assert.equal(await valueFor('ben'), false);
    use({ audience: { ...audience, release: null } });
    assert.equal(await valueFor('anna'), false);
  });

  test('are nobody else’s for what a client says of itself', async () => {
    use();
    const lies = [
      { targetingKey: 'anna' },
      { teal: { cohort: 'candidate', bucket: 0, groups: ['beta'] } },
      { 'teal.cohort': 'candidate' },
    ];
    for (const context of lies) assert.equal(await valueFor('ben', context), false, JSON.stringify(context));
  });

  test('come one by one, with the errors of the protocol', async () => {
    use();
    const one = await ask(`${bulkPath}/text`);
    assert.deepEqual(
      [one.status, one.body.value, one.body.variant, one.body.reason],
      [200, 'grün ✓', 'off', 'STATIC'],
    );
    const none = await ask(`${bulkPath}/nothing`);
    assert.equal(none.status, 404);
    assert.equal(none.body.key, 'nothing');
    assert.equal(none.body.errorCode, 'FLAG_NOT_FOUND');
    const broken = await ask(`${bulkPath}/text`, '{');
    assert.deepEqual([broken.status, broken.body.errorCode, broken.body.key], [400, 'PARSE_ERROR', 'text']);
    for (const bad of ['[]', '{"context":[]}', '{"context":{"targetingKey":5}}'])
      assert.equal((await ask(`${bulkPath}/text`, bad)).body.errorCode, 'INVALID_CONTEXT', bad);
    assert.equal((await ask(`${bulkPath}/text`, '')).status, 200, 'an empty body is an empty context');
    assert.equal((await ask('/.teal/ofrep/v1/other')).status, 404);
    assert.equal((await ask(`${bulkPath}/%zz`)).status, 404);
    const got = await fetch(`${base}${bulkPath}`);
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST, OPTIONS');
    assert.equal(
      (await ask(bulkPath, { context: { a: 'x'.repeat(70_000) } }).catch(() => ({ status: 413 }))).status,
      413,
    );
  });

  test('come all at once, under a tag that is of the answer', async () => {
    use();
    const all = await ask(bulkPath, {}, { 'x-user': 'ben' });
    assert.deepEqual(
      all.body.flags.map(({ key, value }: { key: string; value: unknown }) => [key, value]),
      [
        ['checkout', false],
        ['text', 'grün ✓'],
        ['few', 1],
      ],
    );
    const etag = all.headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]{22}"$/);
    const again = await ask(`${bulkPath}/`, {}, { 'x-user': 'ben', 'if-none-match': etag });
    assert.deepEqual([again.status, again.body], [304, null]);
    const other = await ask(bulkPath, {}, { 'x-user': 'anna', 'if-none-match': etag });
    assert.equal(other.status, 200, 'another answer, although the flags are the same');
  });

  test('place a percentage by what the client calls itself only where nothing else says who it is', async () => {
    use();
    assert.equal((await ask(`${bulkPath}/few`)).body.value, 0);
    assert.equal((await ask(`${bulkPath}/few`, { context: { targetingKey: 'x' } })).body.value, 1);
  });

  test('may be asked for by pages of other origins', async () => {
    use();
    const response = await fetch(`${base}${bulkPath}`, {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.match(response.headers.get('access-control-allow-headers') ?? '', /if-none-match/);
    assert.equal((await ask(bulkPath)).headers.get('access-control-expose-headers'), 'ETag');
  });

  test('leave all other requests to the app, and count themselves', async () => {
    use({ flags: null });
    assert.equal(await (await fetch(`${base}/.teal/other`)).text(), 'the app');
    assert.equal((await ask(bulkPath)).body.flags.length, 0);
    const counts = engine.flags.tally.counts.find(({ flag }) => flag === 'checkout')?.variants;
    assert.ok((counts?.['on'] ?? 0) >= 2 && (counts?.['off'] ?? 0) >= 2);
    const asked = engine.flags.tally.counts.find(({ flag }) => flag === 'nothing');
    assert.deepEqual(asked?.variants, { '?': 1 });
    assert.equal(engine.registry.counts.size > 0, true);
    assert.equal(
      [...engine.registry.counts.values()].some(({ app }) => app === 'flags'),
      false,
    );
  });

  test('come with what apps need to decide for themselves: side, bucket and audiences', async () => {
    use();
    const told = async (headers: Readonly<Record<string, string>>) => {
      origin.received = '';
      await (await fetch(base, { headers: { 'x-teal-groups': 'beta', ...headers } })).text();
      return origin.received
        .match(/^x-teal-(?:cohort|bucket|groups): .*$/gm)
        ?.map((line) => line.replace(/: \d+$/, ': N'));
    };
    assert.deepEqual(await told({ 'x-user': 'anna' }), [
      'x-teal-cohort: candidate',
      'x-teal-bucket: N',
      'x-teal-groups: beta',
    ]);
    assert.deepEqual(await told({ 'x-user': 'ben' }), ['x-teal-cohort: live', 'x-teal-bucket: N']);
    use({ audience: { ...audience, release: null }, flags: { ...opened, shares: true } });
    const anonymous = await fetch(base);
    assert.match(anonymous.headers.get('set-cookie') ?? '', /^teal-id=/);
    await anonymous.text();
  });

  test('are given over HTTP/2, too, one by one and as a stream', async () => {
    use();
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      engine.acceptHttp2(socket, { remoteAddress: '127.0.0.1', secure: false }),
    );
    await listen(server);
    const session = http2.connect(`http://127.0.0.1:${portOf(server)}`);
    const one = session.request({ ':method': 'POST', ':path': `${bulkPath}/checkout`, 'x-user': 'anna' });
    one.end('{"context":{}}');
    let text = '';
    for await (const chunk of one) text += String(chunk);
    assert.equal(JSON.parse(text).value, true);
    const stream = session.request({ ':path': '/.teal/ofrep/v1/events?epoch=old' });
    let told = '';
    for await (const chunk of stream) {
      told += String(chunk);
      if (told.includes('refetchEvaluation')) break;
    }
    stream.close();
    session.destroy();
    await closed(server);
    assert.equal((await ask(bulkPath)).status, 200);
  });

  test('tell pages that are open when they change, and let them be while a release only grows', async () => {
    use();
    const all = await ask(bulkPath);
    const [{ endpoint: stream }] = all.body.eventStreams;
    const socket = net.connect(portOf(front), '127.0.0.1');
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    socket.write(
      `GET ${stream.requestUri} HTTP/1.1\r\nHost: shop.example\r\nAccept: text/event-stream\r\n\r\n`,
    );
    const until = async (what: RegExp): Promise<void> => {
      while (!what.test(text)) await once(socket, 'data');
    };
    await until(/retry: 1000/);
    assert.match(text, /content-type: text\/event-stream/i);
    use();
    use({ flags: { ...opened, epoch: 'two' } });
    await until(/refetchEvaluation/);
    assert.equal(text.match(/refetchEvaluation/g)?.length, 1);
    use({
      flags: { ...opened, epoch: 'two' },
      audience: { ...audience, release: { ...audience.release!, expired: true } },
    });
    await until(/two-expired/);
    const before = await fetch(`${base}/.teal/ofrep/v1/events?epoch=old`);
    const reader = before.body!.getReader();
    let late = '';
    while (!late.includes('refetchEvaluation'))
      late += Buffer.from((await reader.read()).value ?? []).toString();
    await reader.cancel();
    engine.flags.end();
    await until(/\r\n0\r\n\r\n$/);
    socket.destroy();
  });
});
