/** Nothing lost, whatever clients are doing while everyone is moved. */
import assert from 'node:assert/strict';
import type { Door } from './clients/door.ts';
import { EventStream, type StreamEnd } from './clients/event-stream.ts';
import { GrpcCrowd, type GrpcReport } from './clients/grpc.ts';
import { Http2Crowd, type Ask, type Http2Report } from './clients/http2.ts';
import { Pipelines, type PipelineReport } from './clients/pipeline.ts';
import { WebSocketClient, type WebSocketEnd } from './clients/websocket.ts';
import { nothingLost } from './counted.ts';
import { buildGrpcApp } from './grpc-app.ts';
import { World, type Settings } from './harness.ts';
import type { RequestShape } from '../../src/load/shape.ts';
import { sleep } from './until.ts';

const order = '{"items":[{"id":"cup"}]}';
const json = { 'content-type': 'application/json' };
/** What a shop's visitors send, and what is hard to move: bodies that come slowly, answers that take their time. */
const mix: readonly RequestShape[] = [
  { path: '/api/products', weight: 6 },
  { path: '/', weight: 2 },
  { path: '/', method: 'HEAD' },
  { path: '/api/cart', method: 'POST', headers: json, body: order, weight: 4 },
  { path: '/api/cart', method: 'POST', headers: json, body: order, chunked: true, weight: 2 },
  {
    path: '/upload',
    method: 'PUT',
    body: Buffer.alloc(200_000, 1),
    chunked: true,
    pieces: 8,
    pieceEveryMs: 5,
  },
  { path: '/upload', method: 'POST', body: Buffer.alloc(20_000, 2), pieces: 20, pieceEveryMs: 60 },
  {
    path: '/upload',
    method: 'POST',
    body: Buffer.alloc(5000, 3),
    chunked: true,
    pieces: 12,
    pieceEveryMs: 100,
  },
  { path: '/slow?ms=700' },
];

const overHttp2: readonly Ask[] = [
  { name: 'GET /', path: '/' },
  { name: 'GET /api/products', path: '/api/products' },
  { name: 'an upload', path: '/upload', pieces: [Buffer.alloc(100_000, 1), Buffer.alloc(50_000, 2)] },
  {
    name: 'a slow upload',
    path: '/upload',
    pieces: Array.from({ length: 12 }, () => Buffer.alloc(500, 3)),
    everyMs: 60,
  },
  { name: 'a slow answer', path: '/slow?ms=700' },
];

export async function L1(): Promise<void> {
  await everyKindOfClient();
  await remoteCalls();
}

async function everyKindOfClient(): Promise<void> {
  await using world = await World.live(settings);
  for (const version of ['v2', 'v3', 'v4', 'v5']) await world.build(version);
  const crowds = doors(world).map((door) => everyone(world, door));
  const ended: PromiseSettledResult<void>[] = [];
  try {
    await leftAlone(world);
    await switchesPromotesAbortsRollsBack(world);
  } finally {
    ended.push(...(await Promise.allSettled(crowds.map((crowd) => crowd.stop()))));
  }
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  await closedCleanly(world);
  // A client that was cut off might have been about to leave: the reports of the drains know better.
  for (const { type, data } of await world.events()) {
    if (type === 'drained' || type === 'retired')
      assert.equal((data as { drain: { cut: number } }).drain.cut, 0, 'a drain cut something');
  }
}

const settings: Settings = { workers: 2, client: 'idle-timeout: 5s', h2c: true, tls: true };
const doors = ({ port, tlsPort }: World): readonly Door[] => [
  { port, secure: false },
  { port: tlsPort, secure: true },
];
const origin = ({ tlsPort }: World): string => `https://localhost:${tlsPort}`;

/** Clients of all kinds at one door. Stopped, they have lost nothing, or it throws. */
function everyone(world: World, door: Door): { stop(): Promise<void> } {
  const url = door.secure ? origin(world) : world.url;
  const http2 = door.secure ? url : `http://127.0.0.1:${world.h2cPort}`;
  const load = world.load({ url: `${url}/`, rps: 80, connections: 30, shapes: mix });
  const sessions = new Http2Crowd(http2, overHttp2, { sessions: 3, streams: 3 });
  const pipelines = new Pipelines(door, { connections: 2, batch: 6 });
  const sockets = keepOpening(() => new WebSocketClient(door), 4);
  const streams = keepOpening(() => new EventStream(door), 3);
  return {
    async stop() {
      const [report, pipelined, sent, ticked, multiplexed] = await Promise.all([
        load.stop(),
        pipelines.stop(),
        sockets.stop(),
        streams.stop(),
        sessions.stop(),
      ]);
      try {
        nothingLost(report, 400);
        inOrder(pipelined);
        everyEcho(sent);
        everyTick(ticked);
        everyAnswer('HTTP/2', multiplexed);
        assert.equal(multiplexed.sessions, 3, 'HTTP/2: no session had to begin anew');
      } catch (error) {
        throw new Error(`${door.secure ? 'TLS' : 'plain'}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** gRPC, HTTP/2 on both sides: calls go where everyone goes, streams end where they began. */
async function remoteCalls(): Promise<void> {
  await using world = await World.create({
    workers: 2,
    h2c: true,
    tls: true,
    upstream: 'protocol: h2c',
    tests: ['http: /version'],
  });
  for (const version of ['v1', 'v2', 'v3']) buildGrpcApp(version, world.folder);
  await world.up();
  await world.deploy('v1');
  await world.promoted('v1');
  const crowds = [
    new GrpcCrowd(`127.0.0.1:${world.h2cPort}`, 2),
    new GrpcCrowd(`localhost:${world.tlsPort}`, 2, world.certificate),
  ];
  await sleep(500);
  await world.deploy('v2');
  await world.promoted('v2');
  await world.client.command('shop', 'rollback', {});
  await world.reaches('v2 rolled back', ({ release }) => release?.status === 'rolled-back');
  await world.deploy('v3');
  await world.promoted('v3');
  await sleep(500);
  const reports = await Promise.all(crowds.map((crowd) => crowd.stop()));
  for (const [index, name] of ['plain gRPC', 'TLS gRPC'].entries()) {
    const report = reports[index];
    assert.ok(report);
    everyAnswer(name, report);
    assert.deepEqual([...report.versions].toSorted(), ['v1', 'v2', 'v3']);
    assert.ok(report.streams >= 4, `${name}: only ${report.streams} streams`);
  }
}

/** A drain that leaves streams alone: they go on on the old version until they end by themselves. */
async function leftAlone(world: World): Promise<void> {
  const sockets = doors(world).map((door) => new WebSocketClient(door));
  const streams = doors(world).map((door) => new EventStream(door));
  const greeted = await Promise.all([...sockets, ...streams].map((each) => each.greeted));
  assert.deepEqual(new Set(greeted), new Set(['v1']));
  await world.deploy('v2');
  await world.reaches('v2 live', ({ release }) => release?.status === 'promoted');
  const counts = () => [...sockets.map(({ echoed }) => echoed), ...streams.map(({ ticks }) => ticks)];
  const before = counts();
  await sleep(700);
  assert.ok(
    counts().every((count, index) => count > (before[index] ?? 0)),
    'both go on after the switch',
  );
  assert.equal((await world.app()).release?.drain, null, 'the drain waits for them');
  everyEcho(await Promise.all(sockets.map((socket) => socket.close())));
  everyTick(await Promise.all(streams.map((stream) => stream.close())));
  await world.promoted('v2');
}

async function switchesPromotesAbortsRollsBack(world: World): Promise<void> {
  const waiting = (version: string) =>
    world.reaches(
      `${version} waiting`,
      ({ release }) => release?.version === version && release.step?.index === 1,
    );
  await world.deploy('v3', { promote: 'manual' });
  await waiting('v3');
  await world.client.command('shop', 'promote', {});
  await world.promoted('v3');
  await world.deploy('v4', { promote: 'manual' });
  await waiting('v4');
  await world.client.command('shop', 'abort', {});
  await world.reaches('v4 aborted', ({ release }) => release?.status === 'aborted');
  await world.deploy('v5');
  await world.promoted('v5');
  await world.client.command('shop', 'rollback', {});
  await world.reaches('v5 rolled back', ({ release }) => release?.status === 'rolled-back');
  await world.client.command('shop', 'restart', {});
  await sleep(2500);
}

/** With `streams: close` they are ended at once, each in the way its protocol has for it. */
async function closedCleanly(world: World): Promise<void> {
  world.configure({ ...settings, drain: 'streams: close, deadline: 20s' });
  assert.equal((await world.teal('apply', '--json')).code, 0);
  const all = doors(world).flatMap((door) => [door, door, door, door]);
  const sockets = all.map((door) => new WebSocketClient(door));
  const streams = all.map((door) => new EventStream(door));
  const greeted = await Promise.all([...sockets, ...streams].map((each) => each.greeted));
  assert.deepEqual(new Set(greeted), new Set(['v3']));
  for (const socket of sockets) socket.silence();
  await world.deploy('v4');
  await world.promoted('v4');
  const closed = await Promise.all(sockets.map(({ ended }) => ended));
  const ended = await Promise.all(streams.map((stream) => stream.ended));
  const codes = closed.map(({ how, code }) => `${how} ${code}`);
  assert.deepEqual(
    codes,
    sockets.map(() => 'closed 1012'),
    'each WebSocket is told to come again',
  );
  assert.deepEqual(
    ended.map(({ how }) => how),
    streams.map(() => 'ended'),
    'each stream ends as a response should',
  );
}

function everyAnswer(what: string, report: Http2Report | GrpcReport): void {
  const { sent, answered, failures } = report;
  assert.equal(failures.length, 0, `${what}: ${failures.length} of ${sent} requests failed: ${failures[0]}`);
  assert.equal(answered, sent);
  assert.ok(sent > 200, `${what}: only ${sent} requests`);
}

function inOrder({ sent, answered, mixed, failures }: PipelineReport): void {
  assert.equal(
    failures.length,
    0,
    `pipelined: ${failures.length} of ${sent} requests failed: ${failures[0]}`,
  );
  assert.equal(mixed, 0, `pipelined: ${mixed} answers were not in order`);
  assert.equal(answered, sent);
  assert.ok(sent > 500, `only ${sent} pipelined requests`);
}

function everyEcho(ends: readonly WebSocketEnd[]): void {
  for (const end of ends) {
    assert.equal(end.how, 'by us', `WebSockets: one on ${end.version} was cut off: ${JSON.stringify(end)}`);
    assert.equal(end.echoed, end.sent, `WebSockets: ${end.echoed} of ${end.sent} messages came back`);
  }
}

function everyTick(ends: readonly StreamEnd[]): void {
  for (const end of ends) {
    assert.equal(
      end.how,
      'by us',
      `event streams: one on ${end.version} was cut off: ${JSON.stringify(end)}`,
    );
    assert.equal(end.missing, 0, `event streams: ${end.missing} ticks are missing`);
  }
}

/** A stream or a WebSocket. */
interface Open<End> {
  readonly greeted: Promise<string>;
  close(): Promise<End>;
}

/** Keeps this many open, each for one to two seconds, so that at any moment some are new and some are old. */
function keepOpening<End>(make: () => Open<End>, count: number): { stop(): Promise<readonly End[]> } {
  const ends: End[] = [];
  let stopped = false;
  const running = Array.from({ length: count }, async () => {
    while (!stopped) {
      const open = make();
      await open.greeted;
      await sleep(1000 + Math.random() * 1000);
      ends.push(await open.close());
    }
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
      assert.ok(ends.length >= count, `only ${ends.length} were opened`);
      return ends;
    },
  };
}
