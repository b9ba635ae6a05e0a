import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { TealError } from '../../src/errors.ts';
import { start, teal, until } from './cli.ts';
import { app, FakeControl } from './fake.ts';

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());
beforeEach(() => fake.reset());

test('status shows every app, and goes to stdout alone', async () => {
  const { code, out, err } = await teal(fake.directory, 'status');
  assert.equal(code, 0);
  assert.match(out, /shop {2}live blue v41/);
  assert.match(out, /next +teal status shop/);
  assert.equal(err, '');
});

test('status --json is the API’s own document', async () => {
  const { out } = await teal(fake.directory, 'status', '--json');
  assert.deepEqual(JSON.parse(out).apps, JSON.parse(JSON.stringify(fake.apps)));
});

test('a subdirectory finds the teal.yaml above it', async () => {
  const { code } = await start(path.join(fake.directory, '.teal'), ['status']).finished;
  assert.equal(code, 0);
});

test('a command carries who asked and why', async () => {
  const { code, out } = await teal(fake.directory, 'abort', 'shop', '--reason', 'wrong build');
  assert.equal(code, 0, out);
  assert.deepEqual(fake.calls.at(-1), {
    method: 'POST',
    path: '/v1/apps/shop/abort',
    actor: `user:${userInfo().username}`,
    body: { reason: 'wrong build' },
  });
});

test('behind sudo it is who typed the command that asks', async () => {
  const { code } = await start(fake.directory, ['pause', 'shop'], { SUDO_USER: 'anna' }).finished;
  assert.equal(code, 0);
  assert.equal(fake.calls.at(-1)?.actor, 'user:anna');
});

test('the app may be left out when there is only one', async () => {
  await teal(fake.directory, 'rollback');
  assert.equal(fake.calls.at(-1)?.path, '/v1/apps/shop/rollback');
});

test('the app has to be named when there are two', async () => {
  fake.apps = [app(), app({ app: 'blog' })];
  const { code, err } = await teal(fake.directory, 'rollback');
  assert.equal(code, 2);
  assert.match(err, /Name one: shop, blog/);
});

test('deploy sends absolute paths, and leaves git references alone', async () => {
  await teal(fake.directory, 'deploy', 'shop', 'v2', '--from', 'build', '--promote', 'manual');
  const from = path.join(fake.directory, 'build');
  assert.deepEqual(fake.calls.at(-1)?.body, { version: 'v2', from, promote: 'manual' });
  await teal(fake.directory, 'deploy', 'shop', 'v3', '--from=git:main');
  assert.deepEqual(fake.calls.at(-1)?.body, { version: 'v3', from: 'git:main' });
});

test('every other command sends what it was given', async () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['promote shop --full', 'promote', { full: true }],
    ['pause', 'pause', {}],
    ['resume shop', 'resume', {}],
    ['retry shop', 'retry', {}],
    ['restart shop', 'restart', {}],
    ['scale shop 4 --role worker', 'scale', { instances: 4, role: 'worker' }],
    ['maintenance on shop --message Soon', 'maintenance', { on: true, message: 'Soon' }],
    ['maintenance off', 'maintenance', { on: false }],
    ['remove shop --yes-remove shop', 'remove', {}],
  ];
  await Promise.all(
    cases.map(async ([line, command, body]) => {
      const { code, err, out } = await teal(fake.directory, ...line.split(' '));
      assert.equal(code, 0, `${line}: ${err}`);
      assert.match(out, /Next +teal status/, line);
      const bodies = fake.calls
        .filter((each) => each.path === `/v1/apps/shop/${command}`)
        .map((each) => each.body);
      assert.ok(
        bodies.some((each) => isDeepStrictEqual(each, body)),
        `${line}: ${JSON.stringify(bodies)}`,
      );
    }),
  );
});

test('remove without proof is refused where nobody can be asked', async () => {
  const { code, err } = await teal(fake.directory, 'remove', 'shop');
  assert.equal(code, 2);
  assert.match(err, /teal remove shop --yes-remove shop/);
  assert.equal(
    fake.calls.some(({ method }) => method === 'POST'),
    false,
  );
});

test('an error of the API is told with remedy, code and exit code', async () => {
  const { code, out, err } = await teal(fake.directory, 'rollback', 'blog');
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.equal(err, '✗ There is no app "blog"\n  There is: shop\n  code: app-unknown\n');
});

test('with --json an error is one document on stdout', async () => {
  fake.onCommand = () => {
    throw new TealError('release-in-progress', 'shop-7 is running', {
      remedy: 'teal abort shop',
      details: { id: 7 },
    });
  };
  const { code, out, err } = await teal(fake.directory, 'deploy', 'shop', 'v2', '--json');
  assert.equal(code, 1);
  assert.equal(err, '');
  assert.deepEqual(JSON.parse(out), {
    error: {
      code: 'release-in-progress',
      message: 'shop-7 is running',
      remedy: 'teal abort shop',
      details: { id: 7 },
    },
  });
});

test('preview, apply and doctor answer with their next command', async () => {
  const [preview, apply, dry, doctor] = await Promise.all([
    teal(fake.directory, 'preview'),
    teal(fake.directory, 'apply'),
    teal(fake.directory, 'apply', '--dry-run'),
    teal(fake.directory, 'doctor'),
  ]);
  assert.match(preview.out, /Link +http:\/\/localhost:8080\/\.teal\/preview\/abc\//);
  assert.match(
    apply.out,
    /Applied[^]*run\.process\.instances[^]*- 2\n +\+ 4[^]*Next +teal deploy shop <version>/,
  );
  assert.match(dry.out, /Not applied[^]*Next +teal apply/);
  assert.match(doctor.out, /router +serves generation 7/);
});

test('logs are lines, or a JSON document for each', async () => {
  const plain = await teal(fake.directory, 'logs', 'shop');
  assert.equal(plain.out, 'shop-blue-web-1 v41 │ listening\nshop-blue-web-1 v41 ! oh no\n');
  const json = await teal(fake.directory, 'logs', 'shop', '--json');
  assert.deepEqual(
    json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).line),
    ['listening', 'oh no'],
  );
});

test('logs --access shows requests of all apps, filtered by the API, or a JSON document for each', async () => {
  const plain = await teal(fake.directory, 'logs', '--access', '--status', '5xx', '--outcome', 'failed');
  assert.match(
    plain.out,
    /200 +12 ms +shop blue v41 +GET shop\.test\/a +1\.2\.3\.4\n.*! 3 lines not written/,
  );
  assert.equal(fake.calls.at(-1)?.path, '/v1/access?lines=100&status=5xx&outcome=failed');
  const json = await teal(fake.directory, 'logs', 'shop', '--access', '--json', '--lines', '2');
  assert.equal(fake.calls.at(-1)?.path, '/v1/access?lines=2&app=shop');
  const documents = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([documents[0].requestId, documents[1].dropped], ['r-1', 3]);
});

test('logs refuses a flag that would be ignored', async () => {
  const access = await teal(fake.directory, 'logs', '--access', '--role', 'worker');
  assert.match(access.err, /--role is not for --access/);
  const plain = await teal(fake.directory, 'logs', 'shop', '--status', '5xx');
  assert.match(plain.err, /--status is only for --access/);
  assert.deepEqual([access.code, plain.code], [2, 2]);
});

test('history --follow goes on until Ctrl-C', async () => {
  const running = start(fake.directory, ['history', '--follow']);
  await until('the past is shown', () => running.said().includes('v41 is live'));
  await until('it follows', () => fake.followers > 0);
  fake.emit('something new');
  await until('the new event is shown', () => running.said().includes('something new'));
  running.child.kill('SIGINT');
  assert.equal((await running.finished).code, 0);
});

test('a reader that goes away ends a command that follows, without a trace', async () => {
  const running = start(fake.directory, ['history', '--follow']);
  await until('it follows', () => fake.followers > 0);
  running.child.stdout?.destroy();
  fake.emit('nobody reads this');
  fake.emit('nor this');
  const { err } = await running.finished;
  assert.equal(err, '');
});

test('status --watch prints again when something has changed', async () => {
  const running = start(fake.directory, ['status', '--watch', 'shop', '--json']);
  await until('the first picture', () => running.said().includes('v41'));
  fake.apps = [app({ version: 'v99' })];
  await until('the second picture', () => running.said().includes('v99'));
  running.child.kill('SIGINT');
  const { out, code } = await running.finished;
  assert.equal(code, 0);
  assert.equal(out.trim().split('\n').length, 2);
});

test('colours only where they are wanted', async () => {
  const forced = await start(fake.directory, ['status'], { FORCE_COLOR: '1' }).finished;
  assert.ok(forced.out.includes('\x1b['));
  const plain = await start(fake.directory, ['status', '--no-color'], { FORCE_COLOR: '1' }).finished;
  assert.ok(!plain.out.includes('\x1b['));
  const asked = await start(fake.directory, ['status'], { FORCE_COLOR: '1', NO_COLOR: '1' }).finished;
  assert.equal(asked.out, plain.out);
});
