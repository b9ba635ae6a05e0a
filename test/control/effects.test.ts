import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import type { Test } from '../../src/config/release.ts';
import { teal } from '../../src/control/apps.ts';
import { perform } from '../../src/control/effects/perform.ts';
import { runCommand, type Target } from '../../src/control/effects/test-command.ts';
import { runHttp } from '../../src/control/effects/test-http.ts';
import { pruneTestLogs } from '../../src/control/retention.ts';
import { TealError } from '../../src/errors.ts';
import { effects, type Effect } from '../../src/release/effects.ts';
import { app, build, judged } from '../release/story.ts';
import { fakeDeps, instance, type FakeDeps } from './fakes.ts';
import { atEnd } from '../at-end.ts';
import { forever, scratch, settle, until } from './help.ts';

const withWorker = app({}, [{}, { name: 'worker', kind: 'background', runsIn: 'live', health: null }]);

const wished = <K extends Effect['kind']>(deps: FakeDeps, kind: K): Effect & { kind: K } => {
  const found = effects(deps.apps.state('shop')).find((each) => each.kind === kind);
  assert.ok(found, `${kind} is wished for`);
  return found as Effect & { kind: K };
};
const status = (deps: FakeDeps): string | undefined => deps.apps.state('shop').release?.status;
const does = async (deps: FakeDeps, kind: Effect['kind'], signal = forever): Promise<void> =>
  await perform(deps, 'shop', wished(deps, kind), signal);
const asks = async (deps: FakeDeps, version: string, spec = app()): Promise<void> =>
  void (await deps.apps.submit('shop', { type: 'deploy', build: build(version, spec), promote: null }, teal));

/** A version live, by its effects. */
async function live(deps: FakeDeps, version = 'v1', spec = app()): Promise<void> {
  await asks(deps, version, spec);
  const { colour } = deps.apps.state('shop').release!;
  for (const now of ['starting', 'scaling']) {
    assert.equal(status(deps), now);
    const run = effects(deps.apps.state('shop')).find(
      (each) => each.kind === 'run' && each.colour === colour,
    );
    await perform(deps, 'shop', run!, forever);
  }
  await does(deps, 'route');
}

describe('the effect', () => {
  test('run brings a candidate up, then route switches, then drain tells what it drained', async (t) => {
    const deps = await fakeDeps(t);
    await live(deps);
    assert.equal(status(deps), 'completed');
    await live(deps, 'v2');
    assert.equal(status(deps), 'promoted');
    await does(deps, 'drain');
    assert.deepEqual(deps.apps.state('shop').release?.drain, { finished: 1, cut: 0, seconds: 0.1 });
    assert.deepEqual(deps.router.drained.at(-1)?.endpoints, ['blue-web-v1', 'blue-web-v1']);
  });

  test('run reports what keeps a version from running, and fails, to be tried again', async (t) => {
    const deps = await fakeDeps(t);
    await asks(deps, 'v1');
    deps.platform.beforeEnsure = async () => {
      throw new TealError('crash-loop', 'it crashes', { remedy: 'look' });
    };
    await assert.rejects(does(deps, 'run'), { code: 'crash-loop' });
    assert.equal(status(deps), 'aborting');
    assert.equal(deps.apps.state('shop').release?.error?.message, 'it crashes');
  });

  test('run does not blame a version for the trouble of Teal itself', async (t) => {
    const deps = await fakeDeps(t);
    await asks(deps, 'v1');
    deps.platform.beforeEnsure = async () => {
      throw new TealError('router-unavailable', 'the router is gone', { remedy: 'wait' });
    };
    await assert.rejects(does(deps, 'run'), { code: 'router-unavailable' });
    assert.equal(status(deps), 'starting');
  });

  test('run says what answers were like, once, for a release that is judged', async (t) => {
    const deps = await fakeDeps(t);
    const known = { slow: { q95: 20, q99: 80 }, scale: [1, 2], before: { exposed: 3, events: 1 } };
    deps.router.known = known;
    await live(deps, 'v1', judged());
    assert.equal(deps.apps.state('shop').release?.past, null, 'there was nothing before it');
    await live(deps, 'v2', judged());
    assert.deepEqual(deps.apps.state('shop').release?.past, { slow: known.slow, scale: known.scale });
    await deps.routes.current(forever);
    assert.deepEqual(deps.router.applied.at(-1)?.apps[0]?.judged?.scale, [1, 2]);
  });

  test('run that is given up says nothing', async (t) => {
    const deps = await fakeDeps(t);
    await asks(deps, 'v1');
    const giveUp = new AbortController();
    deps.platform.beforeEnsure = async () => giveUp.abort();
    await does(deps, 'run', giveUp.signal);
    assert.equal(status(deps), 'starting');
  });

  test('run says ready only when the router has the instances: who is told so opens the preview at once', async (t) => {
    const deps = await fakeDeps(t);
    await live(deps);
    await asks(deps, 'v2');
    const held = Promise.withResolvers<void>();
    deps.router.beforeApply = () => held.promise;
    const green = effects(deps.apps.state('shop')).find(
      (each) => each.kind === 'run' && each.colour === 'green',
    );
    const ran = perform(deps, 'shop', green!, forever);
    await until('it is up', () => deps.platform.calls.includes('up green web'));
    await settle();
    assert.equal(status(deps), 'starting');
    held.resolve();
    await ran;
    assert.equal(status(deps), 'scaling');
    const { blue, green: there } = deps.router.applied.at(-1)!.apps[0]!.environments;
    assert.deepEqual([blue?.version, there?.version, there?.endpoints.length], ['v1', 'v2', 1]);
  });

  test('retire stops every role there is, also one that teal.yaml does not name any more, and tells the drain', async (t) => {
    const deps = await fakeDeps(t);
    await live(deps);
    await live(deps, 'v2');
    await deps.apps.submit('shop', { type: 'rollback', reason: null }, teal);
    await does(deps, 'route');
    deps.platform.running.push(instance({ colour: 'green', role: 'forgotten', id: 'x' }));
    await does(deps, 'retire');
    assert.deepEqual(deps.platform.calls.filter((call) => call.startsWith('stopped')).sort(), [
      'stopped green forgotten',
      'stopped green web',
    ]);
    assert.equal(status(deps), 'rolled-back');
  });

  test('retire keeps its counts until they are stored', async (t) => {
    const deps = await fakeDeps(t);
    await live(deps);
    await asks(deps, 'v2');
    await deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
    await deps.releases.release([instance({ colour: 'green' })]);
    const full = {
      state: (name: string) => deps.apps.state(name),
      submit: () => Promise.reject(new Error('full')),
    };
    const effect = wished(deps, 'retire');
    await assert.rejects(perform({ ...deps, apps: full as never }, 'shop', effect, forever), /full/);
    await perform(deps, 'shop', effect, forever);
    assert.equal(deps.apps.state('shop').release?.drain?.finished, 1);
  });

  test('hand-over stops the worker there before it starts one here', async (t) => {
    const deps = await fakeDeps(t, withWorker);
    await live(deps, 'v1', withWorker);
    await does(deps, 'hand-over');
    await live(deps, 'v2', withWorker);
    deps.platform.calls.length = 0;
    const stopping = Promise.withResolvers<void>();
    deps.platform.beforeStop = () => stopping.promise;
    const done = does(deps, 'hand-over');
    await settle();
    assert.deepEqual(deps.platform.calls, ['stop blue worker']);
    stopping.resolve();
    await done;
    assert.deepEqual(deps.platform.calls.slice(1), [
      'stopped blue worker',
      'ensure green worker v2 2',
      'up green worker',
    ]);
  });

  test('hand-over that is given up while it stops the worker there starts none here', async (t) => {
    const deps = await fakeDeps(t, withWorker);
    await live(deps, 'v1', withWorker);
    const giveUp = new AbortController();
    deps.platform.beforeStop = async () => giveUp.abort();
    deps.platform.calls.length = 0;
    await does(deps, 'hand-over', giveUp.signal);
    assert.deepEqual(deps.platform.calls, ['stop green worker', 'stopped green worker']);
  });

  test('wake ticks when the time has come', async (t) => {
    const spec = app({ promote: { kind: 'auto', afterMs: 60 } });
    const deps = await fakeDeps(t, spec);
    await asks(deps, 'v1', spec);
    await does(deps, 'run');
    assert.equal(status(deps), 'stepping');
    const over = new AbortController();
    const waking = does(deps, 'wake', over.signal);
    await until('the wait is over', () => status(deps) === 'scaling');
    over.abort();
    await waking;
  });

  test('test runs its command against the preview, in the version’s folder, and keeps the output', async (t) => {
    const folder = await scratch(t);
    const spec = app(
      { tests: [command('echo $TEAL_VERSION $TEAL_RELEASE $TEAL_PREVIEW_URL; pwd; echo oops >&2')] },
      [{ directory: folder }],
    );
    const deps = await fakeDeps(t, spec);
    await asks(deps, 'v1', spec);
    await does(deps, 'run');
    await does(deps, 'test');
    assert.equal(status(deps), 'scaling');
    const [event] = (await deps.store.recent({ stream: 'shop', limit: 5 })).filter(
      ({ type }) => type === 'step-passed',
    );
    const { output } = event!.data as { output: string };
    assert.match(output, /^v1 shop-1 http:\/\/127\.0\.0\.1:4321\/\.teal\/preview\/[\w.-]+\n/);
    assert.ok(output.includes(`${folder}\n`) && output.includes('oops\n'));
    const logs = path.join(deps.config.data, 'tests', 'shop');
    assert.deepEqual(await readdir(logs), ['shop-1-1-smoke.log']);
    assert.equal(await readFile(path.join(logs, 'shop-1-1-smoke.log'), 'utf8'), output);
  });

  test('test that fails aborts the release with its output', async (t) => {
    const folder = await scratch(t);
    const spec = app({ tests: [command('echo broken; exit 2')] }, [{ directory: folder }]);
    const deps = await fakeDeps(t, spec);
    await asks(deps, 'v1', spec);
    await does(deps, 'run');
    await does(deps, 'test');
    assert.equal(status(deps), 'aborting');
    assert.match(deps.apps.state('shop').release?.error?.message ?? '', /exited with 2.\nbroken/);
  });

  test('test that passes has not failed when that cannot be stored: it is tried again', async (t) => {
    const spec = app({ tests: [command('true')] }, [{ directory: await scratch(t) }]);
    const deps = await fakeDeps(t, spec);
    await asks(deps, 'v1', spec);
    await does(deps, 'run');
    const write = deps.store.appendAll.bind(deps.store);
    let full = true;
    deps.store.appendAll = async (batches) => {
      if (!full) return await write(batches);
      full = false;
      throw new TealError('disk-full', 'nothing can be written', { remedy: 'make room' });
    };
    await assert.rejects(does(deps, 'test'), { code: 'disk-full' });
    assert.equal(status(deps), 'stepping');
    await does(deps, 'test');
    assert.equal(status(deps), 'scaling');
  });
});

const command = (text: string, timeoutMs = 20_000): Test & { kind: 'command' } => ({
  kind: 'command',
  name: 'smoke',
  command: text,
  timeoutMs,
});

async function target(t: TestContext, url = 'http://127.0.0.1:1'): Promise<Target & { directory: string }> {
  const directory = await scratch(t);
  return {
    url,
    log: path.join(directory, 'log'),
    directory,
    app: 'shop',
    version: 'v1',
    colour: 'green',
    release: 'shop-1',
    redact: (text) => text.replaceAll('swordfish', '[KEY]'),
  };
}

const gone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

describe('a test command', () => {
  test('that takes too long is ended with all that it started', async (t) => {
    const to = await target(t);
    const running = runCommand(command('sleep 60 & echo $!; wait', 500), to, forever);
    await assert.rejects(running, { code: 'test-failed', message: /took longer than 0.5 s/ });
    const pid = Number(await readFile(to.log, 'utf8'));
    assert.ok(pid > 0);
    await until('the child is gone', () => gone(pid));
  });

  test('that leaves something running in the background is not waited for, and nothing stays', async (t) => {
    const to = await target(t);
    const began = performance.now();
    const output = await runCommand(command('sleep 60 & echo $!'), to, forever);
    assert.ok(performance.now() - began < 15_000);
    await until('the child is gone', () => gone(Number(output)));
  });

  test('is ended when the release no longer wants it', async (t) => {
    const to = await target(t);
    const giveUp = new AbortController();
    const running = runCommand(command('echo up; sleep 60'), to, giveUp.signal);
    setTimeout(() => giveUp.abort(new Error('aborted')), 100);
    await assert.rejects(running, /aborted/);
    await assert.rejects(runCommand(command('true'), to, giveUp.signal), /aborted/);
  });

  test('that cannot be started has failed', async (t) => {
    const to = { ...(await target(t)), directory: '/no/such/folder' };
    await assert.rejects(runCommand(command('true'), to, forever), {
      code: 'test-failed',
      message: /could not be started/,
    });
  });

  test('passes also when its log cannot be written, and shows no secret', async (t) => {
    const to = { ...(await target(t)), log: '/no/such/folder/log' };
    assert.equal(await runCommand(command('echo a swordfish'), to, forever), 'a [KEY]\n');
  });

  test('that prints a secret bit by bit keeps it to itself, also in its log', async (t) => {
    const to = await target(t);
    const output = await runCommand(command('printf sword; sleep 0.2; printf "fish\\nand é"'), to, forever);
    assert.equal(output, '[KEY]\nand é');
    await until('the log is complete', async () => (await readFile(to.log, 'utf8')) === output);
  });

  test('that prints a lot keeps its end in the error, and all of it in the log', async (t) => {
    const to = await target(t);
    const failing = runCommand(command('seq 1 20000; exit 1'), to, forever);
    const error = (await failing.catch((caught: unknown) => caught)) as TealError;
    assert.match(error.message, /20000$/);
    assert.ok(error.message.length < 5000);
    await until('the log is complete', async () => (await readFile(to.log, 'utf8')).endsWith('20000\n'));
  });
});

describe('an http test', () => {
  const asking = (more: Partial<Test & { kind: 'http' }> = {}): Test & { kind: 'http' } => ({
    kind: 'http',
    name: 'page',
    method: 'GET',
    path: '/page',
    status: [[200, 200]],
    contains: null,
    timeoutMs: 5000,
    ...more,
  });

  async function page(t: TestContext, status: number, body: string): Promise<Target> {
    const server = createServer((request, response) => {
      if (request.url === '/token/page') response.writeHead(status, { location: '/elsewhere' }).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atEnd(t, () => server.close() && server.closeAllConnections());
    return await target(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`);
  }

  test('passes on its status and its words', async (t) => {
    const to = await page(t, 200, 'Welcome to the shop');
    assert.equal(await runHttp(asking({ contains: 'Welcome' }), to, forever), 'GET /page answered 200');
    assert.match(await readFile(to.log, 'utf8'), /Welcome/);
  });

  test('fails on another status, and shows the body', async (t) => {
    const to = await page(t, 500, 'the swordfish is loose');
    await assert.rejects(runHttp(asking(), to, forever), {
      code: 'test-failed',
      message: /answered 500 instead of 200.\nthe \[KEY\] is loose/,
    });
  });

  test('does not follow a redirect', async (t) => {
    await assert.rejects(runHttp(asking(), await page(t, 302, ''), forever), { message: /answered 302/ });
  });

  test('fails when words are missing, when nobody answers in time, and when nobody is there', async (t) => {
    const to = await page(t, 200, 'Goodbye');
    await assert.rejects(runHttp(asking({ contains: 'Welcome' }), to, forever), {
      message: /without "Welcome"/,
    });
    await assert.rejects(runHttp(asking({ path: '/never', timeoutMs: 200 }), to, forever), {
      message: /no answer within 0.2 s/,
    });
    await assert.rejects(runHttp(asking(), await target(t), forever), { message: /failed: / });
  });
});

test('of the logs of tests the newest are kept', async (t) => {
  const folder = await scratch(t);
  for (const index of [1, 2, 3, 4]) {
    await writeFile(path.join(folder, `${index}.log`), '');
    await utimes(path.join(folder, `${index}.log`), index, index);
  }
  await pruneTestLogs(folder, 2);
  assert.deepEqual((await readdir(folder)).sort(), ['3.log', '4.log']);
});
