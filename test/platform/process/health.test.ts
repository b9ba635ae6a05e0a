import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { TealError } from '../../../src/errors.ts';
import type { Health } from '../../../src/config/config.ts';
import { judge } from '../../../src/platform/process/health-watch.ts';
import { atEnd } from '../../at-end.ts';
import { blue, forever, program, quickHealth, recorder, scratch, until, workload } from '../apps.ts';
import { platformOn } from './driver.ts';

/** Long enough for a program to start and answer while much else runs; short enough to wait for in vain. */
const impatient: Health = { ...quickHealth, deadlineMs: 2_400, timeoutMs: 800 };

/** What ensure says of a program that never becomes healthy. */
async function refusal(t: TestContext, source: string, health: Partial<Health> = {}): Promise<TealError> {
  const directory = scratch(t);
  const platform = platformOn(t, scratch(t), recorder());
  const command = program(directory, 'app.cjs', source);
  const shop = workload(directory, { command, health: { ...impatient, ...health } });
  const error = await platform.ensure(shop, forever).then(
    () => assert.fail('it was taken for healthy'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TealError, String(error));
  assert.deepEqual(platform.instances(), [], 'nothing is left of it');
  return error;
}

const serve = (answer: string, listen = 'process.env.PORT, process.env.HOST'): string =>
  `require('node:http').createServer((request, response) => { ${answer} }).listen(${listen});`;

// Each waits for a deadline to pass: together they take no longer than one.
describe('what a failed health check says', { concurrency: 4 }, () => {
  test('a wrong status is told with the start of the body', async (t) => {
    const error = await refusal(t, serve(`response.writeHead(404); response.end('no such page\\n here');`), {
      path: '/healthz',
    });
    assert.equal(error.code, 'health-deadline');
    assert.match(
      error.message,
      /GET http:\/\/127\.0\.0\.1:\d+\/healthz answered 404, body "no such page here" \(wanted 200-299\)/,
    );
    assert.match(error.remedy, /health\.path/);
  });

  test('a redirect is not followed, and is told with where it leads', async (t) => {
    const error = await refusal(
      t,
      serve(`response.writeHead(301, { location: 'https://shop.example/' }); response.end();`),
    );
    assert.match(error.message, /answered 301, a redirect to https:\/\/shop\.example\//);
    assert.match(error.remedy, /redirect/);
  });

  test('an answer that does not come is told apart from a refused connection', async (t) => {
    const error = await refusal(t, serve(''));
    assert.match(error.message, /was accepted, but not answered within 800 ms/);
  });

  test('a process that listens on nothing is told so, with the last lines of its stderr', async (t) => {
    const error = await refusal(t, `console.error('waiting for the database'); setInterval(() => {}, 1000);`);
    assert.match(error.message, /was refused: it listens on no port/);
    assert.match(error.message, /waiting for the database/);
  });

  test(
    'a process that ignores PORT is told where it listens instead',
    { skip: process.platform !== 'linux' },
    async (t) => {
      const error = await refusal(t, serve('response.end()', `0, '127.0.0.1'`));
      assert.match(error.message, /it listens on 127\.0\.0\.1:\d+, not on PORT=\d+/);
      assert.match(error.remedy, /environment variable PORT/);
    },
  );

  test('a process on the wrong address is told so', { skip: process.platform !== 'linux' }, async (t) => {
    const error = await refusal(t, serve('response.end()', `process.env.PORT, '127.0.0.9'`));
    assert.match(error.message, /it listens on 127\.0\.0\.9:\d+ only, not on 127\.0\.0\.1/);
  });

  test('a child that listens elsewhere is found too', { skip: process.platform !== 'linux' }, async (t) => {
    const child = `require('node:http').createServer().listen(0, '127.0.0.1')`;
    const source = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); setInterval(() => {}, 1000);`;
    const error = await refusal(t, source);
    assert.match(error.message, /it listens on 127\.0\.0\.1:\d+, not on PORT/);
  });

  test('secrets that an app prints are not in the error', async (t) => {
    process.env['TEAL_TEST_TOKEN'] = 'hunter2-hunter2';
    atEnd(t, () => delete process.env['TEAL_TEST_TOKEN']);
    const directory = scratch(t);
    const platform = platformOn(t, scratch(t), recorder());
    const source = `console.error('token is ' + process.env.TOKEN); process.exit(1);`;
    const environment = { TOKEN: { kind: 'secret', source: 'env', name: 'TEAL_TEST_TOKEN' } } as const;
    const shop = workload(directory, { command: program(directory, 'app.cjs', source), environment });
    await assert.rejects(platform.ensure(shop, forever), (error: TealError) => {
      assert.match(error.message, /token is \[TOKEN\]/);
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      return true;
    });
  });

  test('a healthy instance that fails its checks is unhealthy, and healthy again when it recovers', async (t) => {
    const directory = scratch(t);
    const hooks = recorder();
    const platform = platformOn(t, scratch(t), hooks);
    const source = `let ok = true;
    process.on('SIGUSR2', () => { ok = !ok; });
    ${serve('response.writeHead(ok ? 200 : 503); response.end();')}`;
    await platform.ensure(workload(directory, { command: program(directory, 'app.cjs', source) }), forever);
    const [instance] = platform.instances();
    assert.ok(instance?.pid);
    const state = (): string | undefined => platform.instances()[0]?.state;
    process.kill(instance.pid, 'SIGUSR2');
    await until('it is unhealthy', () => state() === 'unhealthy');
    process.kill(instance.pid, 'SIGUSR2');
    await until('it is healthy', () => state() === 'healthy');
    assert.equal(platform.instances()[0]?.pid, instance.pid);
    assert.deepEqual(hooks.told, []);
  });

  test('one that stays unhealthy is reported, released and replaced', async (t) => {
    const directory = scratch(t);
    const hooks = recorder();
    const platform = platformOn(t, scratch(t), hooks);
    const source = `process.on('SIGUSR2', () => server.close()); const server =
    ${serve(`response.setHeader('connection', 'close'); response.end();`)} setInterval(() => {}, 1000);`;
    const command = program(directory, 'app.cjs', source);
    await platform.ensure(
      workload(directory, { command, health: { ...impatient, deadlineMs: 2_000 } }),
      forever,
    );
    const [sick] = platform.instances();
    assert.ok(sick?.pid);
    process.kill(sick.pid, 'SIGUSR2');
    await until('another is healthy', () =>
      platform.instances().some((each) => each.state === 'healthy' && each.id !== sick.id),
    );
    const [failing, release] = hooks.told;
    assert.ok(failing?.what === 'failing' && failing.code === 'health-deadline');
    assert.match(failing.message, /has been unhealthy for 2\.0 s/);
    assert.ok(release?.what === 'release' && release.ids[0] === sick.id);
    await platform.stop(blue);
  });
});

test('health is judged by failures in a row and by the deadline', () => {
  const health = { ...quickHealth, fall: 3, deadlineMs: 1_000 };
  const state = { since: 0, failures: 0, is: 'starting' as const };
  const said = [
    judge(state, false, health, 500),
    judge(state, true, health, 600),
    judge(state, false, health, 700),
    judge(state, false, health, 800),
    judge(state, true, health, 900),
    judge(state, false, health, 1_000),
    judge(state, false, health, 1_100),
    judge(state, false, health, 1_200),
    judge(state, false, health, 2_100),
    judge(state, false, health, 2_200),
  ];
  assert.deepEqual(said, [null, 'healthy', null, null, null, null, null, 'unhealthy', null, 'lost']);
  assert.equal(judge({ since: 0, failures: 0, is: 'starting' }, false, health, 1_000), 'deadline');
});
