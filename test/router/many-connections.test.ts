import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CertificateFolder, issue } from './certificates.ts';
import { start, tlsOf } from './process-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  limits,
  ok,
  RawClient,
  tableOf,
  until,
} from './rig.ts';
import { ask, connect } from './tls-client.ts';

const most = 10;
const client = { ...limits, connections: most };

test('a worker with as many connections as it may have leaves new ones in the queue, and takes them when it has room', async () => {
  await using origin = await answering(ok('x'));
  await using running = await start({ workers: 1, client });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const port = await running.port();
  const held: RawClient[] = [];
  for (let index = 0; index < most; index++) {
    const each = new RawClient(port);
    held.push(each);
    await each.send(get()).has('x');
  }
  const waiting = Array.from({ length: 5 }, () => new RawClient(port).send(get()));
  await Promise.all(waiting.map(({ socket }) => once(socket, 'connect')));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(
    waiting.map(({ text, closed, ended }) => [text, closed, ended]),
    waiting.map(() => ['', false, false]),
    'neither answered nor refused',
  );
  assert.equal((await running.router.status()).workers[0]?.connections, most);
  // Whoever is in already is served meanwhile.
  const [first] = held;
  if (first !== undefined) {
    first.text = '';
    await first.send(get()).has('x');
  }
  for (let round = 0; waiting.some(({ text }) => text === ''); round++) {
    assert.ok(round < most, 'all are closed, and some still wait');
    const before = waiting.filter(({ text }) => text !== '').length;
    held.pop()?.close();
    held.pop()?.close();
    await until(() => waiting.filter(({ text }) => text !== '').length > before, 'an answer');
  }
  for (const each of [...held, ...waiting]) each.close();
  // And it is as before.
  await until(async () => (await running.router.status()).workers[0]?.connections === 0, 'an empty worker');
  assert.match(await exchange(port, lastGet()), /200 OK/);
});

test('a worker that is full leaves new connections to another', async () => {
  await using origin = await answering(ok('x'));
  await using running = await start({ workers: 2, client });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const port = await running.port();
  const held = Array.from({ length: 2 * most }, () => new RawClient(port).send(get()));
  await Promise.all(held.map((each) => each.has('x')));
  const { workers } = await running.router.status();
  assert.deepEqual(
    workers.map(({ connections }) => connections),
    [most, most],
  );
  for (const each of held) each.close();
});

test('a burst far beyond it loses nobody, plain and encrypted', async () => {
  await using folder = await CertificateFolder.make();
  await using origin = await answering(ok('x'));
  const certificates = [await folder.put('shop', issue({ names: ['shop.test'] }))];
  await using running = await start({ workers: 1, client, tls: tlsOf(certificates, { redirect: false }) });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const [port, secure] = [await running.port(), await running.securePort()];
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      index % 4 === 0 ? await ask(await connect(secure)) : await exchange(port, lastGet()),
    ),
  );
  for (const answer of answers) assert.match(answer, /200 OK[\s\S]*x$/);
});
