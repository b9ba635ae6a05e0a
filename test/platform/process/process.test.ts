import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { TealError } from '../../../src/errors.ts';
import type { Workload } from '../../../src/platform/platform.ts';
import type { ProcessPlatform } from '../../../src/platform/process/process-platform.ts';
import {
  ask,
  background,
  blue,
  forever,
  isRunning,
  program,
  recorder,
  scratch,
  until,
  wellBehaved,
  workload,
} from '../apps.ts';
import { platformOn } from './driver.ts';

interface Stage {
  readonly data: string;
  readonly directory: string;
  readonly hooks: ReturnType<typeof recorder>;
  readonly platform: ProcessPlatform;
  readonly shop: Workload;
}

function stage(t: TestContext, source = wellBehaved): Stage {
  const [directory, data, hooks] = [scratch(t), scratch(t), recorder()];
  const platform = platformOn(t, data, hooks);
  return {
    data,
    directory,
    hooks,
    platform,
    shop: workload(directory, { command: program(directory, 'app.cjs', source) }),
  };
}

const rejection = async (promise: Promise<unknown>): Promise<TealError> =>
  promise.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error as TealError,
  );

// They wait for processes more than they compute.
describe('the process driver', { concurrency: 4 }, () => {
  test('an app that ends at once fails within seconds, with its exit code, its last words and its log', async (t) => {
    const { platform, shop } = stage(t, `console.error('no DATABASE_URL'); process.exit(4);`);
    const began = Date.now();
    const error = await rejection(platform.ensure(shop, forever));
    assert.equal(error.code, 'crash-loop');
    assert.match(error.message, /shop v1 \(web\) ended 3 times in a row, the last time with exit code 4/);
    assert.match(error.message, /no DATABASE_URL/);
    assert.match(error.remedy, /stderr\.log/);
    assert.match(readFileSync(String(error.details['log']), 'utf8'), /no DATABASE_URL/);
    assert.ok(Date.now() - began < 8_000);
    assert.deepEqual(platform.instances(), []);
  });

  test('instances that became healthy stay when another one fails', async (t) => {
    const { platform, shop, directory } = stage(t);
    await platform.ensure(shop, forever);
    const [first] = platform.instances();
    writeFileSync(path.join(directory, 'app.cjs'), 'process.exit(1)');
    const error = await rejection(platform.ensure({ ...shop, instances: 2 }, forever));
    assert.equal(error.code, 'crash-loop');
    assert.deepEqual(
      platform.instances().map((each) => [each.id, each.state]),
      [[first?.id, 'healthy']],
    );
  });

  test('an app that keeps crashing after it was healthy is reported once, and tried again all the same', async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure(shop, forever);
    const crash = async (times: number): Promise<void> => {
      const instance = await until('it is healthy', () =>
        platform.instances().find((each) => each.state === 'healthy' && each.crashes === times),
      );
      await ask(instance, '/crash').catch(() => undefined);
    };
    for (let times = 0; times < 6; times += 1) await crash(times);
    await until('it is healthy again', () => platform.instances()[0]?.state === 'healthy');
    assert.deepEqual(
      hooks.told.map((told) => (told.what === 'failing' ? [told.version, told.code] : told.what)),
      [['v1', 'crash-loop']],
    );
  });

  test('an app that does not end on its signal is killed at the deadline, with its children', async (t) => {
    const stubborn = `process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn('sleep', ['60']);
    require('node:http').createServer((request, response) => response.end(JSON.stringify({ child: child.pid }))).listen(process.env.PORT);`;
    const { platform, shop } = stage(t, stubborn);
    await platform.ensure(
      { ...shop, spec: { ...shop.spec, stop: { signal: 'SIGTERM', deadlineMs: 400 } } },
      forever,
    );
    const [instance] = platform.instances();
    assert.ok(instance);
    const { child } = await ask(instance);
    const [stopped] = await platform.stop(blue);
    assert.deepEqual([stopped?.code, stopped?.signal, stopped?.forced], [null, 'SIGKILL', true]);
    assert.ok((stopped?.ms ?? 0) >= 400);
    assert.equal(isRunning(instance.pid), false);
    await until('its child is gone', () => !isRunning(Number(child)));
  });

  test('a stop signal other than SIGTERM reaches the app, SIGINT included', async (t) => {
    const { platform, shop } = stage(t, `process.on('SIGINT', () => process.exit(42)); ${wellBehaved}`);
    await platform.ensure(
      { ...shop, spec: { ...shop.spec, stop: { signal: 'SIGINT', deadlineMs: 5_000 } } },
      forever,
    );
    const [stopped] = await platform.stop(blue);
    assert.deepEqual([stopped?.code, stopped?.signal, stopped?.forced], [42, null, false]);
  });

  test('an app that dies of its signal is told so', async (t) => {
    const { platform, shop } = stage(
      t,
      `require('node:http').createServer((request, response) => response.end()).listen(process.env.PORT);`,
    );
    await platform.ensure(shop, forever);
    const [stopped] = await platform.stop(blue);
    assert.deepEqual([stopped?.code, stopped?.signal, stopped?.forced], [null, 'SIGTERM', false]);
  });

  test('a wrapper that does not wait for its child leaves nothing running', async (t) => {
    const { platform, shop } = stage(t);
    const wrapped = ['/bin/sh', '-c', `${shop.spec.command.join(' ')}; true`];
    await platform.ensure({ ...shop, spec: { ...shop.spec, command: wrapped } }, forever);
    const [instance] = platform.instances();
    assert.ok(instance);
    const { pid } = await ask(instance);
    assert.notEqual(Number(pid), instance.pid);
    await platform.stop(blue);
    await until('its child is gone', () => !isRunning(Number(pid)));
  });

  test('a background role is up when it has stayed up for a moment, and gets no port', async (t) => {
    const { platform, shop, directory } = stage(t);
    const command = program(
      directory,
      'worker.cjs',
      `console.log('port', process.env.PORT); setInterval(() => {}, 1000);`,
    );
    const worker = { ...shop, role: 'worker', spec: { ...background, command } };
    await platform.ensure(worker, forever);
    const [instance] = platform.instances();
    assert.deepEqual([instance?.state, instance?.address], ['healthy', null]);
    assert.equal(readFileSync(instance?.logs.stdout ?? '', 'utf8'), 'port undefined\n');
    const failing = {
      ...worker,
      role: 'cron',
      spec: { ...worker.spec, command: ['/bin/sh', '-c', 'exit 9'] },
    };
    const error = await rejection(platform.ensure(failing, forever));
    assert.equal(error.code, 'crash-loop');
  });

  test('aborting the signal stops the waiting, not the starting', async (t) => {
    const { platform, shop } = stage(t);
    const impatient = new AbortController();
    const waiting = platform.ensure(shop, impatient.signal);
    impatient.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await until('it is healthy', () => platform.instances()[0]?.state === 'healthy');
  });

  test('a later wish for the same place replaces the one at work', async (t) => {
    const { platform, shop } = stage(t);
    const first = rejection(platform.ensure({ ...shop, instances: 3 }, forever));
    await platform.ensure(shop, forever);
    assert.equal((await first).code, 'wrong-state');
    assert.deepEqual(
      platform.instances().map((each) => each.state),
      ['healthy'],
    );
  });

  test('stop, ensure and stop again in one breath leave nothing', async (t) => {
    const { platform, shop } = stage(t);
    await platform.ensure(shop, forever);
    const [, ensured] = await Promise.allSettled([
      platform.stop(blue),
      platform.ensure(shop, forever),
      platform.stop(blue),
    ]);
    assert.equal(ensured.status, 'rejected');
    assert.deepEqual(platform.instances(), []);
  });

  test('what cannot be started is refused before anything is, with what was looked for and where', async (t) => {
    const { platform, shop, data } = stage(t);
    const ensure = (role: object, more: object = {}): Promise<TealError> =>
      rejection(platform.ensure({ ...shop, ...more, spec: { ...shop.spec, ...role } }, forever));
    const missing = await ensure({
      command: ['no-such-program'],
      environment: { PATH: { kind: 'plain', value: '/opt/x:/opt/y' } },
    });
    assert.equal(missing.code, 'command-not-found');
    assert.match(missing.message, /"no-such-program" was not found: looked for it at \/opt\/x:\/opt\/y/);
    const plainFile = await ensure({ command: ['./app.cjs'] });
    assert.match(plainFile.remedy, /^chmod \+x .*app\.cjs$/);
    const nowhere = await ensure({}, { directory: '/no/such/place' });
    assert.equal(nowhere.code, 'directory-not-found');
    const secret = await ensure({
      environment: { KEY: { kind: 'secret', source: 'env', name: 'TEAL_TEST_UNSET' } },
    });
    assert.equal(secret.code, 'secret-missing');
    assert.match(secret.message, /KEY.*TEAL_TEST_UNSET/);
    const name = await ensure({ environment: { 'a.b': { kind: 'plain', value: '1' } } });
    assert.equal(name.code, 'config-invalid');
    assert.throws(() => readdirSync(path.join(data, 'instances')), 'no folder was written');
  });

  test('secrets reach the app and no file of Teal; other variables of Teal do not reach the app', async (t) => {
    const [directory, data] = [scratch(t), scratch(t)];
    const environment = { ...process.env, VAULT: 'from-the-environment', OTHER: 'not for the app' };
    const platform = platformOn(t, data, recorder(), { environment });
    writeFileSync(path.join(directory, 'key'), 'from-a-file\n');
    const source = `require('node:http').createServer((request, response) => response.end(JSON.stringify(process.env))).listen(process.env.PORT);`;
    const role = {
      command: program(directory, 'app.cjs', source),
      environment: {
        A: { kind: 'secret', source: 'env', name: 'VAULT' },
        B: { kind: 'secret', source: 'file', name: path.join(directory, 'key') },
        C: { kind: 'plain', value: 'plain' },
      },
    } as const;
    await platform.ensure(workload(directory, role), forever);
    const [instance] = platform.instances();
    assert.ok(instance);
    const told = await ask(instance);
    assert.deepEqual(
      [told['A'], told['B'], told['C'], told['OTHER'], told['VAULT']],
      ['from-the-environment', 'from-a-file', 'plain', undefined, undefined],
    );
    const folder = path.join(data, 'instances', instance.id);
    for (const file of readdirSync(folder)) {
      assert.doesNotMatch(
        readFileSync(path.join(folder, file), 'utf8'),
        /from-the-environment|from-a-file/,
        file,
      );
    }
  });

  test('a listener that throws does not end the supervision', async (t) => {
    const [directory, data, hooks] = [scratch(t), scratch(t), recorder()];
    hooks.changed = () => {
      throw new Error('a bug elsewhere');
    };
    const platform = platformOn(t, data, hooks);
    await platform.ensure(
      workload(directory, { command: program(directory, 'app.cjs', wellBehaved) }),
      forever,
    );
    assert.equal(platform.instances()[0]?.state, 'healthy');
  });

  test('closing lets go at once, also while a release is awaited, and leaves the instance as it is', async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure(shop, forever);
    const [instance] = platform.instances();
    const released = Promise.withResolvers<void>();
    hooks.release = () => {
      released.resolve();
      return new Promise(() => {});
    };
    const refused = assert.rejects(platform.stop(blue), /has let go/);
    await released.promise;
    const began = Date.now();
    await platform.close();
    await refused;
    assert.ok(Date.now() - began < 2_000);
    assert.equal(isRunning(instance?.pid), true);
  });

  test('closing while an app is being stopped leaves the rest to the next platform', async (t) => {
    const { platform, shop, data } = stage(
      t,
      `process.on('SIGTERM', () => {}); ${wellBehaved.replace(/process.on.*/, '')}`,
    );
    await platform.ensure(
      { ...shop, spec: { ...shop.spec, stop: { signal: 'SIGTERM', deadlineMs: 2_000 } } },
      forever,
    );
    const [instance] = platform.instances();
    const refused = assert.rejects(platform.stop(blue), /has let go/);
    await until('it has been told', () =>
      readdirSync(path.join(data, 'instances', instance?.id ?? '')).includes('stopping'),
    );
    await platform.close();
    await refused;
    const next = platformOn(t, data, recorder());
    await next.adopt();
    await until('it was ended', () => !isRunning(instance?.pid));
  });
});
