/** Commands to several apps, and who deploys next. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { teal } from './cli.ts';
import { app, FakeControl, release } from './fake.ts';

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());
beforeEach(() => fake.reset());

const stays = (name: string) => ({
  app: app({ app: name }),
  did: null,
  note: null,
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
  fake.note = 'the database was contracted: statements of v41 may fail on it';
  const well = await teal(fake.directory, 'rollback', '--all', '--wait');
  assert.equal(well.code, 0, well.err);
  assert.match(well.out, /Rolled back +2 of 2 apps/);
  assert.match(well.out, /^ {2}shop +100 % blue v41\n {18}! the database was contracted: /m);
  fake.note = null;
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
