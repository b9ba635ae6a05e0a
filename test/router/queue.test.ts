import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:http';
import { test } from 'node:test';
import type { BalancePolicy } from '../../src/config/config.ts';
import { plainBalance } from '../../src/config/config.ts';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import type { AppTable, Endpoint } from '../../src/router/table.ts';
import { closeSides, flip, sides, start } from './process-rig.ts';
import type { Proxy } from './rig.ts';
import {
  appTable,
  closed,
  endpoint,
  exchange,
  get,
  lastGet,
  listen,
  portOf,
  previewKey,
  proxy,
  RawClient,
  tableOf,
  until,
  upstream,
} from './rig.ts';
import { signPreview } from '../../src/router/preview.ts';

/** An instance that knows how much it has at a time, and answers when it is told, or after `delayMs`. */
interface Busy extends AsyncDisposable {
  readonly port: number;
  most: number;
  /** Paths in the order in which they came. */
  readonly came: string[];
  /** Those that are not answered yet. */
  readonly open: ServerResponse[];
  answer(count?: number): void;
}

async function busy(name: string, delayMs: number | null = null): Promise<Busy> {
  const server: Server = createServer((request, response) => {
    self.came.push(request.url ?? '');
    request.resume();
    self.open.push(response);
    self.most = Math.max(self.most, self.open.length);
    response.on('close', () => {
      const at = self.open.indexOf(response);
      if (at >= 0) self.open.splice(at, 1);
    });
    if (delayMs !== null) setTimeout(() => finish(response), delayMs);
  });
  const finish = (response: ServerResponse): void => {
    const at = self.open.indexOf(response);
    // Before the answer is out: the router sends the next as soon as it has it.
    if (at >= 0) self.open.splice(at, 1);
    response.end(name);
  };
  server.on('upgrade', (request, socket) => {
    self.came.push(request.url ?? '');
    socket.on('error', () => socket.destroy());
    socket.resume().on('end', () => socket.end());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  const self: Busy = {
    port: 0,
    most: 0,
    came: [],
    open: [],
    answer: (count = Infinity) => {
      for (const response of self.open.slice(0, count)) finish(response);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await closed(server);
    },
  };
  await listen(server);
  return Object.assign(self, { port: portOf(server) });
}

function limited(maxInFlight: number, more: Partial<BalancePolicy> = {}): Partial<AppTable> {
  return { upstream: { ...upstream, balance: { ...plainBalance, maxInFlight, ...more } } };
}

function blue(...endpoints: Endpoint[]): AppTable['environments'] {
  return { blue: { version: 'v1', endpoints }, green: null };
}

function both(left: Busy, right: Busy): AppTable['environments'] {
  return {
    blue: { version: 'v1', endpoints: [endpoint('b', left.port)] },
    green: { version: 'v2', endpoints: [endpoint('g', right.port)] },
  };
}

function counts({ engine }: Proxy, colour = 'blue') {
  const [found] = [...engine.registry.counts.values()].filter((each) => each.colour === colour);
  assert.ok(found !== undefined);
  return found;
}

function send(router: Proxy, path: string, ...lines: string[]): RawClient {
  return new RawClient(router.port).send(get(path, ...lines));
}

/** One after the other, so that their order is known. */
async function sendInOrder(router: Proxy, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index++) {
    const before = counts(router).inFlight;
    clients.push(send(router, `/${index}`));
    await until(() => counts(router).inFlight > before, 'the request to arrive');
  }
  return clients;
}

function close(clients: readonly RawClient[]): void {
  for (const client of clients) client.close();
}

test('an instance never has more than max-in-flight, by its own count, whatever comes', async () => {
  await using one = await busy('x', 5);
  await using two = await busy('x', 2);
  const environments = blue(endpoint('one', one.port), endpoint('two', two.port));
  await using router = await proxy(
    tableOf(1, appTable({ environments, ...limited(4, { queue: { size: 1000, timeoutMs: 20_000 } }) })),
  );
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => exchange(router.port, lastGet(`/${index}`))),
  );
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal(one.most, 4);
  assert.equal(two.most, 4);
  assert.equal(new Set([...one.came, ...two.came]).size, 300);
  assert.ok(two.came.length > one.came.length, 'the quicker one gets more');
  const { requests, inFlight, waiting, failed } = counts(router);
  assert.deepEqual(
    { requests, inFlight, waiting, failed },
    { requests: 300, inFlight: 0, waiting: 0, failed: 0 },
  );
});

test('several workers together never exceed it', async () => {
  await using one = await busy('x', 5);
  const origins = await sides();
  await using running = await start({ workers: 2 });
  const table = flip(1, origins);
  const app = { ...(table.apps[0] as AppTable), environments: blue(endpoint('one', one.port)) };
  await running.router.apply({
    ...table,
    apps: [{ ...app, ...limited(3, { queue: { size: 1000, timeoutMs: 20_000 } }) }],
  });
  const port = await running.port();
  const answers = await Promise.all(Array.from({ length: 120 }, () => exchange(port, lastGet())));
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.ok(one.most <= 3 && one.most >= 1, String(one.most));
  const status = await running.router.status();
  assert.deepEqual(status.endpoints, [
    {
      id: 'one',
      app: 'shop',
      colour: 'blue',
      role: 'web',
      inFlight: 0,
      streams: 0,
      ejectedUntil: null,
      ejectedBy: 0,
    },
  ]);
  assert.equal(status.environments[0]?.requests, 120);
  await closeSides(origins);
});

test('who came first is served first, and who has to wait is in flight of the environment', async () => {
  await using one = await busy('x');
  await using router = await proxy(
    tableOf(1, appTable({ environments: blue(endpoint('one', one.port)), ...limited(1) })),
  );
  const clients = await sendInOrder(router, 6);
  assert.deepEqual([counts(router).inFlight, counts(router).waiting, counts(router).requests], [6, 5, 1]);
  for (let index = 0; index < 6; index++) {
    await until(() => one.came.length === index + 1, 'the next to be let in');
    one.answer();
    await clients[index]?.has('\r\n\r\n');
  }
  assert.deepEqual(one.came, ['/0', '/1', '/2', '/3', '/4', '/5']);
  assert.equal(one.most, 1);
  close(clients);
});

test('a full queue says so at once, one that is too slow after its time-out; both say when to come again', async () => {
  await using one = await busy('x');
  const policy = limited(1, { queue: { size: 1, timeoutMs: 300 } });
  await using router = await proxy(
    tableOf(1, appTable({ environments: blue(endpoint('one', one.port)), ...policy })),
  );
  const [first, second] = await sendInOrder(router, 2);
  assert.ok(first !== undefined && second !== undefined);
  assert.match(
    await exchange(router.port, lastGet()),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: queue-full\r\n[^]*Retry-After: 1\r\n/,
  );
  assert.match(
    await second.has('</html>'),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: queue-timeout\r\n[^]*Retry-After: 1\r\n/,
  );
  assert.deepEqual([counts(router).inFlight, counts(router).waiting, counts(router).failed], [1, 0, 2]);
  // Its connection goes on, and so does the one that was served.
  one.answer();
  await first.has('\r\n\r\n');
  second.text = '';
  second.send(get('/again'));
  await until(() => one.came.includes('/again'), 'the next request');
  one.answer();
  await second.has('HTTP/1.1 200');
  close([first, second]);
});

test("who goes while it waits leaves the queue, and its place is the next one's", async () => {
  await using one = await busy('x');
  await using router = await proxy(
    tableOf(1, appTable({ environments: blue(endpoint('one', one.port)), ...limited(1) })),
  );
  const clients = await sendInOrder(router, 3);
  clients[1]?.close();
  await until(() => counts(router).waiting === 1, 'the queue to be shorter');
  one.answer();
  await until(() => one.came.length === 2, 'the next to be let in');
  assert.deepEqual(one.came, ['/0', '/2']);
  one.answer();
  await clients[2]?.has('HTTP/1.1 200');
  assert.equal(counts(router).inFlight, 0);
  close(clients);
});

test('a body that waits with its request arrives whole', async () => {
  await using one = await busy('x');
  await using router = await proxy(
    tableOf(1, appTable({ environments: blue(endpoint('one', one.port)), ...limited(1) })),
  );
  const [first] = await sendInOrder(router, 1);
  const body = 'b'.repeat(300_000);
  const upload = new RawClient(router.port).send(
    `POST /up HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until(() => counts(router).waiting === 1, 'the upload to wait');
  one.answer();
  await until(() => one.came.includes('/up'), 'the upload to be let in');
  one.answer();
  await upload.has('HTTP/1.1 200');
  close([upload, first as RawClient]);
});

test('streams take no place: twenty WebSockets beside a limit of four, and requests go on', async () => {
  await using one = await busy('x', 1);
  await using router = await proxy(
    tableOf(1, appTable({ environments: blue(endpoint('one', one.port)), ...limited(4) })),
  );
  const sockets = Array.from({ length: 20 }, () =>
    send(router, '/ws', 'Connection: Upgrade', 'Upgrade: websocket'),
  );
  for (const socket of sockets) await socket.has('101 Switching');
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(router.port, lastGet())));
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  const state = router.engine.registry.endpoints.get('one');
  assert.deepEqual([state?.busy, state?.active.size], [0, 20]);
  assert.ok(one.most <= 4, `${one.most} at once`);
  close(sockets);
  await until(() => counts(router).inFlight === 0, 'all to be counted out');
  assert.equal(state?.busy, 0);
});

test('at a switch, who waits is decided again: served by the new version, and a drain has nobody to wait for', async () => {
  await using old = await busy('old');
  await using fresh = await busy('new', 1);
  const environments = both(old, fresh);
  const app = appTable({ environments, ...limited(1) });
  await using router = await proxy(tableOf(1, app));
  const clients = await sendInOrder(router, 8);
  router.use(tableOf(2, { ...app, live: 'green' }));
  const { registry } = router.engine;
  assert.deepEqual([counts(router).inFlight, counts(router).waiting], [1, 0]);
  const request = { app: 'shop', endpoints: ['b'], streams: 'drain', deadlineMs: 10_000 } as const;
  const drained = drainWorker(registry, request, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  for (const client of clients.slice(1)) assert.match(await client.has('\r\n\r\nnew'), /^HTTP\/1\.1 200 /);
  assert.deepEqual(fresh.came, ['/1', '/2', '/3', '/4', '/5', '/6', '/7']);
  old.answer();
  await clients[0]?.has('\r\n\r\nold');
  assert.deepEqual(await drained, { finished: 1, cut: 0 });
  assert.deepEqual([counts(router).requests, counts(router, 'green').requests], [1, 7]);
  assert.deepEqual([counts(router).failed, counts(router, 'green').failed], [0, 0]);
  close(clients);
});

test('a rollback takes those who wait for the bad version along, more of them than may wait', async () => {
  await using good = await busy('good', 1);
  await using hung = await busy('hung');
  const app = appTable({
    environments: both(good, hung),
    ...limited(2, { queue: { size: 30, timeoutMs: 30_000 } }),
  });
  await using router = await proxy(tableOf(1, { ...app, live: 'green' }));
  const clients = Array.from({ length: 32 }, (_, index) => send(router, `/${index}`));
  await until(() => counts(router, 'green').waiting === 30, 'all to wait');
  const begun = performance.now();
  router.use(tableOf(2, { ...app, live: 'blue', ...limited(2, { queue: { size: 5, timeoutMs: 30_000 } }) }));
  await until(
    () => clients.filter(({ text }) => text.includes('good')).length === 30,
    'everybody who waited to be answered',
  );
  assert.ok(performance.now() - begun < 5000);
  assert.equal(counts(router).failed, 0);
  close(clients);
});

test('switched to and fro under load with queues, as many are answered as were sent', async () => {
  await using left = await busy('b', 3);
  await using right = await busy('g', 3);
  const app = appTable({
    environments: both(left, right),
    ...limited(2, { queue: { size: 500, timeoutMs: 20_000 } }),
  });
  await using router = await proxy(tableOf(1, app));
  let generation = 1;
  const flipping = setInterval(() => {
    generation++;
    router.use(tableOf(generation, { ...app, live: generation % 2 === 0 ? 'green' : 'blue' }));
  }, 7);
  let sent = 0;
  let answered = 0;
  try {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = new RawClient(router.port);
        for (let round = 0; round < 15; round++) {
          sent++;
          client.text = '';
          const answer = await client.send(get(`/${sent}`)).until(({ text }) => /\r\n\r\n.*[bg]/s.test(text));
          if (answer.startsWith('HTTP/1.1 200 ')) answered++;
        }
        client.close();
      }),
    );
  } finally {
    clearInterval(flipping);
  }
  assert.equal(answered, sent);
  assert.ok(left.most <= 2 && right.most <= 2, `${left.most}, ${right.most}`);
  assert.ok(left.came.length > 0 && right.came.length > 0 && generation > 4);
  assert.equal(left.came.length + right.came.length, sent);
  for (const colour of ['blue', 'green']) {
    const { inFlight, waiting, failed } = counts(router, colour);
    assert.deepEqual({ inFlight, waiting, failed }, { inFlight: 0, waiting: 0, failed: 0 });
  }
});

test('who waits loses nothing when instances come and go, or all are gone for a while', async () => {
  await using one = await busy('one');
  await using two = await busy('two', 1);
  const of = (...endpoints: Endpoint[]): AppTable =>
    appTable({ environments: blue(...endpoints), ...limited(1) });
  await using router = await proxy(tableOf(1, of(endpoint('one', one.port))));
  const clients = await sendInOrder(router, 5);
  router.use(tableOf(2, of()));
  assert.equal(counts(router).waiting, 4);
  // The one it is at goes on to its end, also out of the table; the rest has no endpoint.
  one.answer();
  await clients[0]?.has('\r\n\r\none');
  assert.equal(counts(router).waiting, 4);
  router.use(tableOf(3, of(endpoint('two', two.port))));
  for (const client of clients.slice(1)) await client.has('\r\n\r\ntwo');
  assert.deepEqual(two.came, ['/1', '/2', '/3', '/4']);
  close(clients);
});

test('an environment that is gone answers who waits with what the table in force says', async () => {
  await using old = await busy('old');
  await using candidate = await busy('new');
  const app = appTable({ environments: both(old, candidate), ...limited(1) });
  await using router = await proxy(tableOf(1, app));
  const token = signPreview({ app: 'shop', version: 'v2', expiresAt: Date.now() + 60_000 }, previewKey);
  const previews = [
    send(router, '/0', `X-Teal-Preview: ${token}`),
    send(router, '/1', `X-Teal-Preview: ${token}`),
  ];
  await until(() => counts(router, 'green').waiting === 1, 'one to wait');
  router.use(tableOf(2, { ...app, environments: { ...app.environments, green: null } }));
  await until(
    () => previews.some(({ text }) => text.includes('preview-version-gone')),
    'the one that waits to be told',
  );
  candidate.answer();
  await until(() => previews.some(({ text }) => text.includes('\r\n\r\nnew')), 'the other to be answered');
  close(previews);
});

test('an instance that ends sends those it refuses to the front of the queue', async () => {
  await using one = await busy('one');
  await using two = await busy('two');
  const environments = blue(endpoint('one', one.port), endpoint('two', two.port));
  const policy = limited(1, { ejection: null });
  await using router = await proxy(tableOf(1, appTable({ environments, ...policy })));
  const clients = [send(router, '/a'), send(router, '/b')];
  await until(() => one.open.length + two.open.length === 2, 'both to be busy');
  const late = send(router, '/late');
  await until(() => counts(router).waiting === 1, 'one to wait');
  for (const response of one.open) response.destroy();
  // Whoever was at `one` has one endpoint left, and that is busy: it waits before the one that never had a place.
  await until(
    () => counts(router).waiting >= 1 && two.open.length === 1 && one.came.length === 2,
    'it to wait',
  );
  two.answer();
  await until(() => two.came.length === 2, 'the next to be let in');
  assert.notEqual(two.came[1], '/late');
  two.answer();
  one.answer();
  for (const client of [...clients, late]) await client.has('HTTP/1.1 200');
  close([...clients, late]);
});
