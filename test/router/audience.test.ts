import assert from 'node:assert/strict';
import net, { type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { cookieKeys } from '../../src/router/embedded/audience.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Engine } from '../../src/router/embedded/engine.ts';
import { WorkerFacts } from '../../src/router/embedded/fact-sources.ts';
import { trustedList } from '../../src/router/embedded/peer.ts';
import type { AudienceTable } from '../../src/audience/table.ts';
import { makeWorld, table as cases, type Case, type World } from '../audience/cases.ts';
import {
  answering,
  appTable,
  closed,
  endpoint,
  limits,
  listen,
  ok,
  portOf,
  previewKey,
  rawOrigin,
  tableOf,
  type Origin,
} from './rig.ts';

let world: World;
let origins: { blue: Origin; green: Origin };
let engine: Engine;
let facts: WorkerFacts;
let front: Server;
let address = '';
let generation = 0;

before(async () => {
  world = makeWorld(Date.now(), cookieKeys([{ id: 'k1', key: previewKey }], cases.app));
  const say = (colour: string) => answering((text) => ok(colour + '\n' + text));
  origins = { blue: await say('blue'), green: await say('green') };
  const trustedProxies = trustedList(cases.trustedProxies);
  facts = new WorkerFacts({
    trustedProxies,
    geoDatabase: world.placesFile,
    onWarning: (text) => assert.fail(text),
  });
  await facts.warm();
  engine = new Engine({ client: { ...limits, headBytes: 1_000_000 }, trustedProxies });
  front = net.createServer({ allowHalfOpen: true }, (socket) =>
    engine.accept(socket, { remoteAddress: address, secure: false }),
  );
  await listen(front);
});

after(async () => {
  engine.close();
  facts.close();
  await closed(front);
  await origins.blue[Symbol.asyncDispose]();
  await origins.green[Symbol.asyncDispose]();
  world.remove();
});

/** @param ports of the candidate's instances */
function use(audience: AudienceTable, ports: readonly number[] = [origins.green.port]): void {
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('blue', origins.blue.port)] },
    green: { version: 'v2', endpoints: ports.map((port) => endpoint(`green ${port}`, port)) },
  };
  const app = appTable({ environments, audience });
  engine.commit(compileTable(tableOf(++generation, app), engine.registry, facts));
}

/** Sends a request as the case says, on a connection of its own, and ends its side. */
function ask(
  headers: readonly (readonly [string, string])[],
  end = true,
  what = { method: 'GET', body: '' },
): Promise<string> {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(portOf(front), '127.0.0.1');
    socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    const head = `${what.method} /x HTTP/1.1\r\nHost: shop.example\r\n${end ? '' : 'Connection: close\r\n'}${lines}\r\n${what.body}`;
    if (end) socket.end(head, 'latin1');
    else socket.write(head, 'latin1');
  });
}

/** Sent with a key that only a world with two keys has. */
const needsOldKey = ({ request }: Case): boolean =>
  (request.cookies ?? []).some((cookie) => 'signed' in cookie && cookie.signedWith === 'old');

describe('the router sends people where the audiences say', () => {
  for (const one of cases.cases.filter((each) => !needsOldKey(each))) {
    test(one.name, async () => {
      use(world.tableOf(one));
      address = one.request.peer;
      const headers = world.headersOf(one);
      const answer = await ask(headers);
      if (/^HTTP\/1.1 400 /.test(answer)) {
        // What no head may hold never comes as far as an audience.
        assert.ok(
          headers.some(([, value]) => value.split('').some((byte) => byte < ' ' && byte !== '\t')),
          answer,
        );
        return;
      }
      const { environment, bucket, id, release } = one.expect;
      const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
      assert.match(body, new RegExp(`^${environment}\n`), answer);
      const cookies = [...head.matchAll(/^Set-Cookie: (teal-\w+)=([^;]*)/gm)].map(([, name, value]) => [
        name,
        value !== '',
      ]);
      const wanted: [string, boolean][] = [];
      if (release !== null) wanted.push(['teal-release', release === 'set']);
      if (id !== null) wanted.push(['teal-id', id !== 'clear']);
      assert.deepEqual(cookies, wanted);
      // Who is asked is told to the app; who is not asked has no bucket.
      if (/^x-teal-cohort/m.test(body)) {
        assert.match(
          body,
          new RegExp(`^x-teal-cohort: ${environment === 'green' ? 'candidate' : 'live'}\r$`, 'm'),
        );
        assert.equal(
          /^x-teal-bucket: (\d+)\r$/m.exec(body)?.[1] ?? null,
          bucket === null ? null : `${bucket}`,
        );
      }
      assert.doesNotMatch(body, /teal-(?:id|release)=/, 'the app never sees our cookies');
    });
  }
});

describe('a token that has to be verified first', () => {
  const staff = cases.cases.find(
    ({ request, expect }) => request.token && expect.environment === 'green',
  ) as Case;

  test('holds its request back, and those behind it on the connection, in order', async () => {
    use(world.tableOf(staff));
    facts = new WorkerFacts({
      trustedProxies: trustedList(cases.trustedProxies),
      geoDatabase: world.placesFile,
      onWarning: (text) => assert.fail(text),
    });
    use(world.tableOf(staff));
    address = staff.request.peer;
    const [name, token] = world.headersOf(staff).find(([each]) => each === 'Authorization') ?? ['', ''];
    const first = `GET /1 HTTP/1.1\r\nHost: a\r\n${name}: ${token}\r\n\r\n`;
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = net.connect(portOf(front), '127.0.0.1');
      socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.end(`${first}GET /2 HTTP/1.1\r\nHost: a\r\n\r\n`);
    });
    const seen = [...answer.matchAll(/^(blue|green)\nGET (\S+)/gm)].map(
      ([, colour, path]) => `${colour} ${path}`,
    );
    assert.deepEqual(seen, ['green /1', 'blue /2']);
  });
});

test('a candidate without an instance sends its people to live', async () => {
  const everyone = cases.cases.find(({ expect }) => expect.environment === 'green') as Case;
  use(world.tableOf(everyone), []);
  address = everyone.request.peer;
  assert.match(await ask(world.headersOf(everyone)), /\r\n\r\nblue\n/);
});

describe('a candidate whose last instance has just died', () => {
  const everyone = cases.cases.find(({ expect }) => expect.environment === 'green') as Case;
  const post = { method: 'POST', body: 'order' };
  const failed = (): number => engine.registry.count('shop', 'green', 'v2').failed;
  const posted = (): readonly (readonly [string, string])[] => [
    ...world.headersOf(everyone),
    ['content-length', '5'],
  ];

  test('sends its people to live when nobody takes a connection, whatever they send', async () => {
    const gone = await answering(() => ok(''));
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    use(world.tableOf(everyone), [port]);
    address = everyone.request.peer;
    const before = failed();
    assert.match(await ask(world.headersOf(everyone), false), /\r\n\r\nblue\n/);
    assert.match(await ask(posted(), false, post), /\r\n\r\nblue\nPOST [^]*order$/);
    assert.equal(failed() - before, 2, 'for the candidate they are failures');
  });

  test('sends to live what it died on, and what must not be sent twice to nobody', async () => {
    await using dying = await rawOrigin((socket) => socket.destroy());
    use(world.tableOf(everyone), [dying.port]);
    address = everyone.request.peer;
    const before = failed();
    assert.match(await ask(world.headersOf(everyone), false), /\r\n\r\nblue\n/);
    assert.match(await ask(posted(), false, post), /^HTTP\/1\.1 502 /);
    assert.equal(failed() - before, 2);
  });

  test('is given what another of its instances can take', async () => {
    await using dying = await rawOrigin((socket) => socket.destroy());
    use(world.tableOf(everyone), [dying.port, origins.green.port]);
    address = everyone.request.peer;
    for (let turn = 0; turn < 6; turn++)
      assert.match(await ask(world.headersOf(everyone), false), /\r\n\r\ngreen\n/);
  });
});
