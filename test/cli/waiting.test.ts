/** Commands that wait for what they have begun. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { start, teal, until, type Finished } from './cli.ts';
import { app, FakeControl, release, step } from './fake.ts';

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());
beforeEach(() => fake.reset());

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

test('deploy --wait says first what only its answer says, such as that going back does harm', async () => {
  const done = release({ status: 'completed', ended: true });
  const did = 'v41 cannot read what v42 writes: the judge holds it';
  for (const told of [true, false]) {
    fake.onCommand = () => {
      fake.apps = [app({ live: 'green', version: 'v42', release: done })];
      return did;
    };
    fake.note = told ? did : null;
    const { code, err } = await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait');
    assert.equal(code, 0);
    assert.equal(err.includes(`! ${did}`), told, err);
  }
});

test('deploy --on-conflict queue --wait waits for what was queued, not for what it waits behind', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann', harm: null }, release: release() })];
    return 'v43 is queued';
  };
  const running = start(fake.directory, ['deploy', 'shop', 'v43', '--on-conflict', 'queue', '--wait']);
  await until('it follows', () => fake.followers > 0);
  const before = { status: 'completed', ended: true } as const;
  fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann', harm: null }, release: release(before) })];
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
    fake.apps = [app({ queued: { version: 'v43', actor: 'user:ann', harm: null }, release: release() })];
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
  const next = (): void => {
    fake.emit('it has begun', { type: 'release-started', data: { release: 'shop-7' } });
    fake.emit('it is over', { type });
    fake.emit('the next has begun', { type: 'release-started', data: { release: 'shop-8' } });
    fake.apps = [app({ release: release({ id: 'shop-8', version: 'v43', colour: 'blue' }) })];
  };
  const knows = ({ code: ended, out, err }: Finished): void => {
    assert.equal(ended, code, err);
    if (code === 0) assert.match(out, /^✓ Deployed +shop {2}green {2}v42\n/);
    else assert.match(err, /Release shop-7 is no longer the one that runs/);
  };

  test(`deploy --wait knows what became of its release when the next one begins at once: ${type}`, async () => {
    fake.onCommand = () => {
      fake.apps = [app({ release: release() })];
      fake.calls.length = 0;
      return 'begun';
    };
    const running = start(fake.directory, ['deploy', 'shop', 'v42', '--wait']);
    const looks = (): boolean =>
      fake.calls.some(({ method, path }) => method === 'GET' && path === '/v1/apps/shop');
    await until('it has looked at it', looks);
    next();
    knows(await running.finished);
  });

  test(`deploy --wait knows it also when it has never seen its release: ${type}`, async () => {
    fake.onCommand = () => {
      fake.apps = [app({ release: release() })];
      // The command is answered, and nothing else is until then.
      queueMicrotask(next);
      return 'begun';
    };
    knows(await teal(fake.directory, 'deploy', 'shop', 'v42', '--wait'));
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

test('abort --wait is done when the candidate is gone, also of a rollback that had to start its version first', async () => {
  for (const kind of ['deploy', 'rollback'] as const) {
    fake.reset();
    fake.onCommand = () => {
      fake.apps = [app({ release: release({ kind, status: 'aborting' }) })];
      return 'shop-7 is given up';
    };
    const running = start(fake.directory, ['abort', 'shop', '--wait']);
    await until('it follows', () => fake.followers > 0);
    fake.apps = [app({ release: release({ kind, status: 'aborted', ended: true }) })];
    fake.emit('the candidate is gone');
    const { code, out, err } = await running.finished;
    assert.equal(code, 0, err);
    assert.match(err, /the candidate is gone/);
    assert.match(out, /^✓ Aborted +shop {2}green {2}v42\n/);
  }
});

test('abort --wait gives up waiting after its time, and does not advise what was just done', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ release: release({ status: 'aborting' }) })];
    return 'shop-7 is given up';
  };
  const { code, err } = await teal(fake.directory, 'abort', 'shop', '--wait', '--timeout', '300ms');
  assert.equal(code, 4);
  assert.match(err, /shop-7 was not done within 0\.3 s; it goes on/);
  assert.doesNotMatch(err, /teal abort/);
});

test('abort --wait knows that it is done also when the next release begins at once', async () => {
  fake.onCommand = () => {
    fake.apps = [app({ release: release({ kind: 'rollback', status: 'aborting' }) })];
    queueMicrotask(() => {
      fake.emit('it has begun', { type: 'release-started', data: { release: 'shop-7' } });
      fake.emit('it is given up', { type: 'abort-started' });
      fake.emit('the next has begun', { type: 'release-started', data: { release: 'shop-8' } });
      fake.apps = [app({ release: release({ id: 'shop-8', version: 'v43', colour: 'blue' }) })];
    });
    return 'shop-7 is given up';
  };
  const { code, out, err } = await teal(fake.directory, 'abort', 'shop', '--wait');
  assert.equal(code, 0, err);
  assert.match(out, /^✓ Aborted +shop {2}green {2}v42\n/);
});
