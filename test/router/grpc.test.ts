import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import * as grpc from '@grpc/grpc-js';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import { http2Front } from './http2-rig.ts';
import { appTable, endpoint, proxy, tableOf, until, upstream } from './rig.ts';
import type { Proxy } from './rig.ts';

/** Messages are plain text, so that no schema is needed. */
const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};

const service = {
  unary: { path: '/t.T/Unary', requestStream: false, responseStream: false, ...text },
  fail: { path: '/t.T/Fail', requestStream: false, responseStream: false, ...text },
  down: { path: '/t.T/Down', requestStream: false, responseStream: true, ...text },
  up: { path: '/t.T/Up', requestStream: true, responseStream: false, ...text },
  both: { path: '/t.T/Both', requestStream: true, responseStream: true, ...text },
} satisfies ServiceDefinition;

interface App extends AsyncDisposable {
  readonly port: number;
  /** Streams that are open. */
  open: number;
}

async function app(name: string): Promise<App> {
  const server = new grpc.Server();
  const counted = (call: { on(event: 'cancelled', then: () => void): unknown }): (() => void) => {
    it.open++;
    let over = false;
    const done = (): void => {
      if (!over) it.open--;
      over = true;
    };
    call.on('cancelled', done);
    return done;
  };
  const calls: UntypedServiceImplementation = {
    unary: (call: grpc.ServerUnaryCall<string, string>, callback: grpc.sendUnaryData<string>) => {
      const trailer = new grpc.Metadata();
      trailer.set('x-trailer', name);
      callback(null, `${name}:${call.request}`, trailer);
    },
    fail: (_call: grpc.ServerUnaryCall<string, string>, callback: grpc.sendUnaryData<string>) =>
      callback({ code: grpc.status.FAILED_PRECONDITION, details: 'not now: 50 % näher' }),
    down: (call: grpc.ServerWritableStream<string, string>) => {
      const done = counted(call);
      let sent = 0;
      const most = Number(call.request);
      const timer = setInterval(() => {
        call.write(`${name}:${sent++}`);
        if (sent < most && !call.cancelled) return;
        clearInterval(timer);
        call.end();
        done();
      }, 10);
    },
    up: (call: grpc.ServerReadableStream<string, string>, callback: grpc.sendUnaryData<string>) => {
      let sum = 0;
      call.on('data', (value: string) => (sum += value.length));
      call.on('end', () => callback(null, `${name}:${sum}`));
    },
    both: (call: grpc.ServerDuplexStream<string, string>) => {
      const done = counted(call);
      call.on('data', (value: string) => call.write(`${name}:${value}`));
      call.on('end', () => {
        call.end();
        done();
      });
    },
  };
  server.addService(service, calls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const it: App = {
    port,
    open: 0,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await Promise.resolve();
    },
  };
  return it;
}

class Caller implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  }

  unary(value: string, path = service.unary.path): Promise<{ value: string; trailer: string | undefined }> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const call = this.#client.makeUnaryRequest(
        path,
        text.requestSerialize,
        text.responseDeserialize,
        value,
        (error, got) => {
          if (error !== null) reject(error);
          else answer = got ?? '';
        },
      );
      call.on('status', ({ metadata }) =>
        resolve({ value: answer, trailer: metadata.get('x-trailer')[0]?.toString() }),
      );
    });
  }

  down(count: number): grpc.ClientReadableStream<string> {
    const { down } = service;
    return quiet(
      this.#client.makeServerStreamRequest(
        down.path,
        text.requestSerialize,
        text.responseDeserialize,
        `${count}`,
      ),
    );
  }

  up(values: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = this.#client.makeClientStreamRequest(
        service.up.path,
        text.requestSerialize,
        text.responseDeserialize,
        (error: grpc.ServiceError | null, got?: string) =>
          error === null ? resolve(got ?? '') : reject(error),
      );
      for (const value of values) call.write(value);
      call.end();
    });
  }

  both(): grpc.ClientDuplexStream<string, string> {
    return quiet(
      this.#client.makeBidiStreamRequest(service.both.path, text.requestSerialize, text.responseDeserialize),
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function quiet<Call extends { on(event: 'error', then: () => void): unknown }>(call: Call): Call {
  call.on('error', () => {});
  return call;
}

interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly caller: Caller;
  readonly blue: App;
  readonly green: App;
  live(colour: 'blue' | 'green'): void;
}

async function site(): Promise<Site> {
  const [blue, green] = [await app('blue'), await app('green')];
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('old', blue.port)] },
    green: { version: 'v2', endpoints: [endpoint('new', green.port)] },
  };
  const table = { environments, upstream: { ...upstream, protocol: 'h2c' as const } };
  let generation = 1;
  const router = await proxy(tableOf(generation, appTable(table)));
  const front = await http2Front(router);
  const caller = new Caller(front.port);
  return {
    router,
    caller,
    blue,
    green,
    live: (live) => router.use(tableOf(++generation, appTable({ ...table, live }))),
    async [Symbol.asyncDispose]() {
      caller[Symbol.dispose]();
      await front[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      await blue[Symbol.asyncDispose]();
      await green[Symbol.asyncDispose]();
    },
  };
}

async function all(stream: AsyncIterable<string>): Promise<string[]> {
  const values: string[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

test('gRPC goes through as it is: messages, status, trailers, in each of its four shapes', async () => {
  await using s = await site();
  assert.deepEqual(await s.caller.unary('hi'), { value: 'blue:hi', trailer: 'blue' });
  await assert.rejects(s.caller.unary('hi', service.fail.path), {
    code: grpc.status.FAILED_PRECONDITION,
    details: 'not now: 50 % näher',
  });
  await assert.rejects(s.caller.unary('hi', '/t.T/Unheard'), { code: grpc.status.UNIMPLEMENTED });
  assert.deepEqual(await all(s.caller.down(3)), ['blue:0', 'blue:1', 'blue:2']);
  assert.equal(await s.caller.up(Array.from({ length: 50 }, () => 'x'.repeat(10_000))), 'blue:500000');
  const both = s.caller.both();
  both.write('a');
  assert.deepEqual(await once(both, 'data'), ['blue:a']);
  both.write('b');
  both.end();
  assert.deepEqual(await all(both), ['blue:b']);
});

test('over a hundred switches every new call follows at once, and what streams stays to its end', async () => {
  await using s = await site();
  const both = s.caller.both();
  const heard: string[] = [];
  both.on('data', (value: string) => heard.push(value));
  both.write('first');
  const down = all(s.caller.down(100));
  await until(() => heard.length === 1 && s.blue.open === 2, 'the streams to begin');
  for (let round = 0; round < 100; round++) {
    const live = round % 2 === 0 ? 'green' : 'blue';
    s.live(live);
    assert.equal((await s.caller.unary(`${round}`)).value, `${live}:${round}`);
    both.write(`${round}`);
  }
  both.end();
  assert.deepEqual(
    await down,
    Array.from({ length: 100 }, (_, index) => `blue:${index}`),
  );
  await until(() => heard.length === 101, 'the echoes');
  assert.ok(heard.every((value) => value.startsWith('blue:')));
  assert.equal(s.router.engine.clients.size, 1, 'one channel, never made anew');
  const counts = [...s.router.engine.registry.counts.values()];
  assert.deepEqual(
    counts.map(({ failed, errors, inFlight }) => failed + errors + inFlight),
    [0, 0],
  );
});

test('a drain waits for calls, whatever is asked of streams, and cuts and counts them at its deadline', async () => {
  await using s = await site();
  const both = s.caller.both();
  both.write('a');
  await once(both, 'data');
  s.live('green');
  const failed = new Promise<grpc.StatusObject>((resolve) => both.on('status', resolve));
  const begun = performance.now();
  const down = all(s.caller.down(3));
  const drained = await drainWorker(
    s.router.engine.registry,
    { app: 'shop', endpoints: ['old'], streams: 'close', deadlineMs: 400 },
    { signal: new AbortController().signal, progress: () => {} },
  );
  assert.ok(performance.now() - begun >= 390);
  assert.deepEqual(drained, { finished: 0, cut: 1 });
  assert.equal((await failed).code, grpc.status.UNAVAILABLE, 'a client may go elsewhere with it');
  assert.equal((await down).length, 3);
  await until(() => s.blue.open === 0, 'the app to hear of it');
});

test('a call that its caller cancels is cancelled at the app', async () => {
  await using s = await site();
  const down = s.caller.down(1000);
  await once(down, 'data');
  assert.equal(s.blue.open, 1);
  down.cancel();
  await until(() => s.blue.open === 0, 'the app to hear of it');
  const [counts] = s.router.engine.registry.counts.values();
  await until(() => counts?.inFlight === 0, 'the call to be counted out');
});

test('an app that is not there is UNAVAILABLE, as clients expect it', async () => {
  await using s = await site();
  await s.blue[Symbol.asyncDispose]();
  await assert.rejects(s.caller.unary('hi'), { code: grpc.status.UNAVAILABLE });
});
