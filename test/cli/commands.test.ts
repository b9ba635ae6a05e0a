import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { TealError } from '../../src/errors.ts';
import { start, teal, until } from './cli.ts';
import { app, FakeControl, release, step } from './fake.ts';

let fake: FakeControl;
const noTurns = (): never => {
  throw new TealError('app-unknown', 'nobody takes turns here', { remedy: '' });
};
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());
beforeEach(() => {
  fake.apps = [app()];
  fake.calls.length = 0;
  fake.leases.length = 0;
  fake.onLease = noTurns;
  fake.onCommand = () => 'it was accepted';
  fake.onRollback = null;
});

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

test('deploy --wait tells each event and ends when the new version is live', async () => {
  fake.apps = [app({ release: release({ status: 'completed', ended: true, id: 'shop-6' }) })];
  fake.onCommand = () => {
    fake.apps = [app({ release: release({ status: 'starting' }) })];
    return 'release shop-7 has begun';
  };
  const running = start(fake.directory, ['deploy', 'shop', 'v42', '--wait']);
  await until('it follows', () => fake.followers > 0);
  fake.emit('2 instances of v42 are healthy');
  await until('the event is told', () => running.said().includes('healthy'));
  fake.apps = [
    app({
      live: 'green',
      version: 'v42',
      release: release({ status: 'promoted', windowEndsAt: Date.now() }),
    }),
  ];
  fake.emit('everyone is on v42');
  const { code, out, err } = await running.finished;
  assert.equal(code, 0);
  assert.match(err, /everyone is on v42/);
  assert.doesNotMatch(err, /v41 is live/, 'what was before the release is not told');
  assert.match(out, /^✓ Deployed +shop {2}green {2}v42\n/);
  assert.match(out, /Traffic +100 % green \(was blue v41\)/);
  assert.match(out, /Undo +teal rollback shop/);
});

test('deploy --on-conflict queue --wait waits for what was queued, not for what it waits behind', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann' }, release: release() })];
    return 'v43 is queued';
  };
  const running = start(fake.directory, ['deploy', 'shop', 'v43', '--on-conflict', 'queue', '--wait']);
  await until('it follows', () => fake.followers > 0);
  const before = { status: 'completed', ended: true } as const;
  fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann' }, release: release(before) })];
  fake.emit('everyone is on v42');
  await until('the event is told', () => running.said().includes('everyone is on v42'));
  fake.apps = [app({ release: release({ id: 'shop-8', version: 'v43', colour: 'blue' }) })];
  fake.emit('the candidate is healthy');
  await until('the next is told', () => running.said().includes('the candidate is healthy'));
  fake.apps = [
    app({
      live: 'blue',
      version: 'v43',
      release: release({ id: 'shop-8', version: 'v43', colour: 'blue', ...before }),
    }),
  ];
  fake.emit('everyone is on v43');
  const { code, out } = await running.finished;
  assert.equal(code, 0);
  assert.match(out, /^✓ Deployed +shop {2}blue {2}v43\n/);
});

test('deploy --on-conflict queue --wait fails when what was queued is not wanted any more', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann' }, release: release() })];
    return 'v43 is queued';
  };
  const running = start(fake.directory, ['deploy', 'shop', 'v43', '--on-conflict', 'queue', '--wait']);
  await until('it follows', () => fake.followers > 0);
  fake.apps = [app({ release: release() })];
  fake.emit('what was queued is not wanted any more');
  const { code, err } = await running.finished;
  assert.equal(code, 1);
  assert.match(err, /v43 is not queued any more/);
});

for (const [type, code] of [
  ['switched', 0],
  ['abort-started', 1],
] as const) {
  test(`deploy --wait knows what became of its release when the next one begins at once: ${type}`, async () => {
    fake.onCommand = () => {
      fake.apps = [app({ release: release() })];
      return 'begun';
    };
    const running = start(fake.directory, ['deploy', 'shop', 'v42', '--wait']);
    await until('it follows', () => fake.followers > 0);
    fake.emit('it has begun', { type: 'release-started', data: { release: 'shop-7' } });
    fake.emit('it is over', { type });
    fake.emit('the next has begun', { type: 'release-started', data: { release: 'shop-8' } });
    fake.apps = [app({ release: release({ id: 'shop-8', version: 'v43', colour: 'blue' }) })];
    const ended = await running.finished;
    assert.equal(ended.code, code, ended.err);
    if (code === 0) assert.match(ended.out, /^✓ Deployed +shop {2}green {2}v42\n/);
    else assert.match(ended.err, /Release shop-7 is no longer the one that runs/);
  });
}

test('deploy --wait fails with the error of the release', async () => {
  const error = {
    code: 'test-failed',
    message: 'smoke failed',
    remedy: 'see the log',
    details: { output: 'boom' },
  } as const;
  fake.onCommand = () => {
    fake.apps = [app({ release: release({ status: 'aborted', ended: true, error }) })];
    return 'begun';
  };
  const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait');
  assert.equal(code, 1);
  assert.match(err, /✗ smoke failed\n {2}│ boom\n {2}see the log\n {2}code: test-failed/);
});

test('deploy --until ready ends well when a person has to say the next word', async () => {
  fake.onCommand = () => {
    fake.apps = [
      app({
        release: release({ step: step({ name: 'approve', kind: 'approve' }) }),
        next: 'teal approve shop',
      }),
    ];
    return 'begun';
  };
  const { code, out } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--until', 'ready');
  assert.equal(code, 0);
  assert.match(out, /Ready: waiting for teal approve shop/);
});

test('deploy --wait says once that it waits for approval, and waits on', async () => {
  fake.onCommand = () => {
    fake.apps = [
      app({ release: release({ step: step({ name: 'approve', kind: 'approve', by: ['user:mia'] }) }) }),
    ];
    return 'begun';
  };
  const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait', '--timeout', '1500ms');
  assert.equal(code, 4);
  assert.equal(err.split('Step 2 waits for approval by user:mia: teal approve shop').length, 2, err);
});

test('--timeout gives up waiting, not the release', async () => {
  const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait', '--timeout', '300ms');
  assert.equal(code, 4);
  assert.match(err, /shop-7 was not done within 0\.3 s; it goes on/);
  assert.equal(
    fake.calls.some(({ path: called }) => called.endsWith('/abort')),
    false,
  );
});

test('Ctrl-C while waiting says that the release goes on', async () => {
  const running = start(fake.directory, ['promote', 'shop', '--wait']);
  await until('it follows', () => fake.followers > 0);
  running.child.kill('SIGINT');
  const { code, err } = await running.finished;
  assert.equal(code, 130);
  assert.match(err, /The release goes on without you\. Look with: teal status shop/);
});

test('rollback --wait is done when everyone is back', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ release: release({ status: 'reverted' }) })];
    return 'everyone is back on v41';
  };
  const { code, out } = await teal(fake.directory, 'rollback', '--wait');
  assert.equal(code, 0);
  assert.match(out, /^✓ Rolled back +shop {2}blue {2}v41\n/);
});

const stays = (name: string) => ({
  app: app({ app: name }),
  did: null,
  error: new TealError('nothing-to-roll-back-to', `${name} has had no version live before v1.`, {
    remedy: 'deploy',
  }).toJSON(),
});

test('rollback --all names every app, and is well when those that could went back', async () => {
  fake.apps = [app(), app({ app: 'blog' })];
  fake.onCommand = () => 'rolling back: the cable';
  fake.onRollback = ({ app: name }) => (name === 'blog' ? stays(name) : undefined);
  const { code, out } = await teal(fake.directory, 'rollback', '--all', '--reason', 'the cable');
  assert.equal(code, 0, out);
  assert.match(out, /Rolling back +1 of 2 apps/);
  assert.match(out, /shop +100 % blue v41 {2}\(rolling back: the cable\)/);
  assert.match(out, /blog +stays: blog has had no version live before v1\./);
  assert.deepEqual(fake.calls.at(-1)?.body, { reason: 'the cable' });
});

test('rollback --all fails when no app has anywhere to go back to', async () => {
  fake.onRollback = ({ app: name }) => stays(name);
  const { code, out } = await teal(fake.directory, 'rollback', '--all');
  assert.equal(code, 1);
  assert.match(out, /Not rolled back +0 of 1 apps/);
});

test('rollback --all --wait is done when all are back, and fails with what kept one', async () => {
  fake.apps = [app(), app({ app: 'blog' })];
  fake.onCommand = () => {
    fake.apps = fake.apps.map((each) => ({ ...each, release: release({ status: 'reverted' }) }));
    return 'rolling back';
  };
  const well = await teal(fake.directory, 'rollback', '--all', '--wait');
  assert.equal(well.code, 0, well.err);
  assert.match(well.out, /Rolled back +2 of 2 apps/);
  fake.onCommand = () => {
    fake.apps = fake.apps.map((each) => ({
      ...each,
      release: release({ status: each.app === 'blog' ? 'completed' : 'reverted' }),
    }));
    return 'rolling back';
  };
  const ill = await teal(fake.directory, 'rollback', '--all', '--wait');
  assert.equal(ill.code, 1);
  assert.match(ill.out, /blog +.*ended as completed/);
});

test('rollback --all of one app is refused', async () => {
  const { code, err } = await teal(fake.directory, 'rollback', 'shop', '--all');
  assert.equal(code, 2);
  assert.match(err, /teal rollback shop, or teal rollback --all/);
});

const grouped = (name: string, more: Partial<Parameters<typeof release>[0]> = {}) =>
  app({
    app: name,
    group: 'shop',
    release: release({
      id: `${name}-7`,
      group: { id: 'shop-7', name: 'shop', apps: ['storefront', 'api'] },
      ...more,
    }),
  });

test('deploy of a group sends the versions of its apps, and tells what was done to each', async () => {
  fake.apps = [grouped('storefront'), grouped('api')];
  fake.onCommand = () => 'deploying it to green';
  const { code, out } = await teal(fake.directory, 'deploy', 'shop', 'storefront=v2', 'api=v5');
  assert.equal(code, 0, out);
  assert.match(out, /Deploying +shop {2}shop-7/);
  assert.match(out, /storefront +deploying it to green/);
  assert.match(out, /Undo +teal rollback shop/);
  const { path: at, body } = fake.calls.at(-1)!;
  assert.equal(at, '/v1/groups/shop/deploy');
  assert.deepEqual(body, { versions: { storefront: 'v2', api: 'v5' } });
  await teal(fake.directory, 'deploy', 'shop', 'v2');
  assert.deepEqual(fake.calls.at(-1)?.body, { version: 'v2' });
  assert.equal(fake.calls.at(-1)?.path, '/v1/groups/shop/deploy');
});

test('deploy of what is no version is refused before anything is sent', async () => {
  for (const given of [
    ['shop', 'a=v1', 'v2'],
    ['shop', 'v1', 'v2'],
    ['shop', 'a=b=c', 'd=e'],
  ]) {
    const { code, err } = await teal(fake.directory, 'deploy', ...given);
    assert.equal(code, 2);
    assert.match(err, /is no version/);
  }
  assert.deepEqual(fake.calls, []);
});

test('commands find the group of a name, which may be left out when all apps are in it', async () => {
  fake.apps = [grouped('storefront'), grouped('api')];
  for (const given of [['rollback', 'shop'], ['rollback'], ['approve'], ['pause', 'shop']]) {
    const { code, err } = await teal(fake.directory, ...given);
    assert.equal(code, 0, err);
    assert.equal(fake.calls.at(-1)?.path, `/v1/groups/shop/${given[0]}`);
  }
  const { err } = await teal(fake.directory, 'rollback', 'shpo');
  assert.match(err, /There is no app "shpo"/);
});

test('a command to one app of a group says what else it was done to', async () => {
  fake.apps = [grouped('storefront'), grouped('api')];
  const { out } = await teal(fake.directory, 'rollback', 'api');
  assert.match(out, /With +storefront: the group shop/);
});

test('status, history and explain of a group are those of its apps', async () => {
  fake.apps = [grouped('storefront'), grouped('api')];
  const { out } = await teal(fake.directory, 'status', 'shop');
  assert.match(out, /^Group shop: released together\n/);
  assert.match(out, /storefront {2}live[^]*api {2}live/);
  const told = await teal(fake.directory, 'history', 'shop');
  assert.equal(told.code, 0, told.err);
});

test('deploy of a group --wait is done when all of its apps are', async () => {
  fake.apps = [grouped('storefront'), grouped('api')];
  fake.onCommand = () => {
    fake.apps = [grouped('storefront', { status: 'promoted' }), grouped('api', { status: 'promoted' })];
    return 'deploying';
  };
  const { code, out } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait');
  assert.equal(code, 0, out);
  assert.match(out, /Deployed +shop {2}shop-7/);
  assert.match(out, /api +100 % blue v41/);
});

const lease = { id: 'l1', apps: ['shop'], actor: 'user:me', version: 'v2', since: 0, expiresAt: 15_000 };
const leasedByAnna = (): TealError =>
  new TealError('deploy-leased', 'user:anna has been making v3 of shop ready for 7 s.', {
    remedy: 'wait for it',
  });

test('deploy is done under a lease, which is given back', async () => {
  fake.onLease = () => lease;
  await teal(fake.directory, 'deploy', 'shop', 'v2');
  assert.deepEqual(
    fake.leases.map(({ method, path: at, body }) => [method, at, body]),
    [
      ['POST', '/v1/leases', { of: 'shop', version: 'v2', onConflict: 'refuse' }],
      ['DELETE', '/v1/leases/l1', {}],
    ],
  );
  assert.deepEqual(fake.calls.at(-1)?.body, { version: 'v2', lease: 'l1' });
});

test('deploy while somebody else makes one ready says who it is, and sends nothing', async () => {
  fake.onLease = () => {
    throw leasedByAnna();
  };
  const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v2');
  assert.equal(code, 1);
  assert.match(err, /user:anna has been making v3 of shop ready/);
  assert.ok(!fake.calls.some(({ path: at }) => at.endsWith('/deploy')));
});

test('deploy --on-conflict wait says for whom it waits, and then goes on', async () => {
  fake.onLease = ({ body }) => {
    if (body['onConflict'] === 'refuse') throw leasedByAnna();
    return lease;
  };
  const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v2', '--on-conflict', 'wait');
  assert.equal(code, 0);
  assert.match(err, /user:anna has been making v3 of shop ready for 7 s\. Waiting for it/);
  assert.deepEqual(fake.calls.at(-1)?.body, { version: 'v2', onConflict: 'wait', lease: 'l1' });
});
