import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { teal, type By } from '../../src/control/apps.ts';
import type { CommandBody, LeaseView } from '../../src/control/contract.ts';
import { deploy } from '../../src/control/deploy.ts';
import { leaseMs, Leases, type Wanted } from '../../src/control/leases.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { forever, scratch, settle, until } from './help.ts';

interface Rig {
  readonly leases: Leases;
  steady: number;
  now: number;
}

function rig(): Rig {
  const made: Rig = {
    steady: 0,
    now: 1_000_000,
    leases: new Leases({ now: () => made.now, steady: () => made.steady }),
  };
  return made;
}

const by = (actor: string, more: Partial<Wanted> = {}): Wanted => ({
  apps: ['shop'],
  actor,
  version: 'v2',
  ...more,
});
const leased = { code: 'deploy-leased' };

describe('a lease', () => {
  test('is held by one at a time; who comes second is told whose it is, and since when, but not its id', () => {
    const it = rig();
    const { id } = it.leases.take(by('user:anna'));
    it.now += 7000;
    assert.throws(
      () => it.leases.take(by('user:ben')),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'deploy-leased');
        assert.equal(
          error.message,
          'user:anna has been making v2 of shop ready for 7 s, since 1970-01-01T00:16:40.000Z.',
        );
        assert.ok(!JSON.stringify(error).includes(id));
        return true;
      },
    );
    it.leases.end(id);
    assert.equal(it.leases.take(by('user:ben')).actor, 'user:ben');
  });

  test('is good for its own apps only', () => {
    const { leases } = rig();
    const { id } = leases.take(by('user:anna'));
    leases.covers(id, ['shop']);
    assert.throws(() => leases.covers(id, ['shop', 'api']), leased);
    assert.throws(() => leases.covers('gone', ['shop']), leased);
  });

  test('is of all the apps of a group, or of none', () => {
    const { leases } = rig();
    leases.take(by('user:anna', { apps: ['api'] }));
    assert.throws(() => leases.take(by('user:ben', { apps: ['shop', 'api'] })), leased);
    assert.ok(
      leases.take(by('user:cleo', { apps: ['shop'] })),
      'nothing was kept of the one that was refused',
    );
  });

  test('lasts as long as its owner is heard of, and no longer', () => {
    const it = rig();
    const { id, expiresAt } = it.leases.take(by('user:anna'));
    assert.equal(expiresAt, it.now + leaseMs);
    for (let beat = 0; beat < 10; beat++) {
      it.steady += leaseMs - 1;
      it.leases.renew(id);
    }
    assert.throws(() => it.leases.take(by('user:ben')), leased);
    it.steady += leaseMs;
    it.leases.take(by('user:ben'));
    assert.throws(() => it.leases.renew(id), leased);
  });

  test('does not end because somebody sets the clock', () => {
    const it = rig();
    const { id } = it.leases.take(by('user:anna'));
    it.now += 3_600_000;
    assert.throws(() => it.leases.take(by('user:ben')), leased);
    it.leases.renew(id);
  });

  test('does not end while something is done under it, however long that takes', async () => {
    const it = rig();
    const { id } = it.leases.take(by('user:anna'));
    await it.leases.during(id, async (check) => {
      it.steady += 10 * leaseMs;
      assert.throws(() => it.leases.take(by('user:ben')), leased);
      check();
    });
    it.leases.renew(id);
  });

  test('that is taken over is lost to who had it, in the middle of things', async () => {
    const { leases } = rig();
    const { id } = leases.take(by('user:anna'));
    await leases.during(id, async (check) => {
      leases.takeOver(by('user:ben'));
      assert.throws(check, leased);
    });
    await assert.rejects(
      leases.during(id, async () => undefined),
      leased,
    );
  });

  test('is waited for until it is free, or until nobody waits any more', async () => {
    const { leases } = rig();
    const first = leases.take(by('user:anna'));
    const giveUp = new AbortController();
    const gone = assert.rejects(leases.takeInTurn(by('user:ben'), giveUp.signal), /gone home/);
    const next = leases.takeInTurn(by('user:cleo'), forever);
    await settle();
    giveUp.abort(new Error('gone home'));
    await gone;
    leases.end(first.id);
    assert.equal((await next).actor, 'user:cleo');
  });

  test('of somebody who died is free when it has run out', async () => {
    let skew = 0;
    const leases = new Leases({ now: Date.now, steady: () => performance.now() + skew });
    leases.take(by('user:anna'));
    const waits = leases.takeInTurn(by('user:ben'), AbortSignal.timeout(5000));
    skew = leaseMs - 50;
    // Whoever waits looks at the time that was left when they came.
    await assert.rejects(Promise.race([waits, Promise.reject(new Error('not yet'))]), /not yet/);
    const other = await leases.takeInTurn(by('user:cleo'), forever);
    leases.end(other.id);
  });
});

/** Two people who deploy the same app; the copying of the first is held up. */
async function stage(t: TestContext) {
  const deps = await fakeDeps(t);
  const folder = await scratch(t);
  await writeFile(path.join(folder, 'server.js'), '');
  const copying = Promise.withResolvers<void>();
  const put = deps.versions.put.bind(deps.versions);
  let copies = 0;
  deps.versions.put = async (...args) => {
    copies += 1;
    if (copies === 1) await copying.promise;
    return await put(...args);
  };
  const asks = (
    actor: string,
    version: string,
    more: CommandBody = {},
    signal = forever,
  ): ReturnType<typeof deploy> =>
    deploy(deps, 'shop', { version, from: folder, ...more }, { by: person(actor), signal });
  return { deps, copying, asks };
}

const person = (actor: string): By => ({ ...teal, actor });
const version = (deps: FakeDeps): string | undefined => deps.apps.state('shop').release?.build.version;

describe('a deploy', () => {
  test('is refused while somebody else copies theirs, and copies nothing itself', async (t) => {
    const { deps, copying, asks } = await stage(t);
    const first = asks('user:anna', 'v1');
    await settle();
    await assert.rejects(asks('user:ben', 'v2'), leased);
    copying.resolve();
    await first;
    assert.equal(version(deps), 'v1');
    assert.equal(deps.versions.directory('shop', 'v2'), null);
    await assert.rejects(asks('user:ben', 'v2'), { code: 'release-in-progress' });
  });

  test('that is refused, or fails, leaves no lease behind', async (t) => {
    const { copying, asks, deps } = await stage(t);
    copying.resolve();
    await assert.rejects(asks('user:anna', '../v1'), { code: 'usage' });
    await assert.rejects(asks('user:anna', 'v1', { from: '/not/there' }));
    await asks('user:ben', 'v1');
    assert.equal(version(deps), 'v1');
  });

  test('supersede takes the place of one that is made ready: that one never begins', async (t) => {
    const { deps, copying, asks } = await stage(t);
    const first = assert.rejects(asks('user:anna', 'v1'), leased);
    await settle();
    await asks('user:ben', 'v2', { onConflict: 'supersede' });
    copying.resolve();
    await first;
    assert.equal(version(deps), 'v2');
  });

  test('queue comes after one that is made ready', async (t) => {
    const { deps, copying, asks } = await stage(t);
    const first = asks('user:anna', 'v1');
    await settle();
    const second = asks('user:ben', 'v2', { onConflict: 'queue' });
    copying.resolve();
    await first;
    await second;
    assert.equal(version(deps), 'v1');
    assert.equal(deps.apps.state('shop').queued?.build.version, 'v2');
  });

  test('wait begins when the release before has ended, and not when whoever waits has gone', async (t) => {
    const { deps, copying, asks } = await stage(t);
    copying.resolve();
    await asks('user:anna', 'v1');
    const giveUp = new AbortController();
    const gone = assert.rejects(asks('user:ben', 'v2', { onConflict: 'wait' }, giveUp.signal), /gone home/);
    await settle();
    giveUp.abort(new Error('gone home'));
    await gone;
    const waits = asks('user:cleo', 'v3', { onConflict: 'wait' });
    await settle();
    assert.equal(version(deps), 'v1');
    await deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
    for (const colour of ['blue', 'green'] as const)
      await deps.apps.submit(
        'shop',
        { type: 'environment-stopped', colour, drain: { finished: 0, cut: 0, seconds: 0 } },
        teal,
      );
    await waits;
    assert.equal(version(deps), 'v3');
  });

  test('goes on under the lease that its owner has, and ends it', async (t) => {
    const { deps, copying, asks } = await stage(t);
    copying.resolve();
    const lease: LeaseView = deps.leases.take(by('user:anna'));
    await assert.rejects(asks('user:ben', 'v2'), leased);
    await asks('user:anna', 'v1', { lease: lease.id });
    await until('it is free', () => deps.leases.take(by('user:ben')));
    await assert.rejects(asks('user:anna', 'v4', { lease: lease.id }), leased);
  });
});
