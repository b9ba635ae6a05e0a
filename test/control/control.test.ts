/** A whole control plane on real parts: store, processes, router, socket. */
import assert from 'node:assert/strict';
import { readdir, readFile, truncate } from 'node:fs/promises';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { startControl } from '../../src/control/control.ts';
import type { Status } from '../../src/control/contract.ts';
import { lockData } from '../../src/control/lock.ts';
import { atEnd } from '../at-end.ts';
import { until } from './help.ts';
import { project, yaml, type Refused } from './project.ts';

describe('a control plane', () => {
  test('brings a version live, switches to the next and goes back', async (t) => {
    const shop = await project(t);
    const teal = await shop.up();
    assert.equal((await teal.ask()).status, 503);
    const ignored = await readFile(path.join(shop.data, '.gitignore'), 'utf8');
    assert.equal(ignored, '*\n', 'keys and state are not for `git add .`');
    assert.equal((await teal.deploy('v1')).live, 'blue');
    assert.deepEqual(await teal.ask(), { status: 200, body: 'v1' });
    const live = await teal.deploy('v2');
    assert.equal((await teal.ask()).body, 'v2');
    assert.deepEqual(live.rollback, { to: 'v1', how: 'instant', harm: null });
    await teal.api.post('/v1/apps/shop/rollback', { reason: 'too green' });
    const back = await teal.when('everyone is back', ({ release }) => release?.status === 'rolled-back');
    assert.equal((await teal.ask()).body, 'v1');
    assert.equal(back.release?.reason, 'too green');
    await assert.rejects(
      teal.api.post('/v1/apps/shop/rollback'),
      (error: Refused) => error.json.code === 'nothing-to-roll-back-to',
    );
    await teal.control.stop({ everything: true });
    await assert.rejects(teal.ask());
  });

  test('leaves traffic served when it goes, and finds everything again, also in the middle of a release', async (t) => {
    const shop = await project(t, yaml({ release: 'promote: manual' }));
    const first = await shop.up();
    await first.api.post('/v1/apps/shop/deploy', { version: 'v1', promote: 'auto' });
    await first.when('v1 is live', ({ release }) => release?.status === 'completed');
    await first.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    const before = await first.when(
      'it waits for approval',
      ({ release }) => release?.step?.name === 'approve',
    );
    const slow = first.ask('/slow');
    await first.control.stop({ everything: false });
    await first.control.ended;
    assert.equal((await slow).body, 'v1');
    assert.equal((await first.ask()).body, 'v1');
    const second = await shop.up();
    const after = await second.when('it waits still', ({ release }) => release?.step?.name === 'approve');
    const pids = (status: typeof after): unknown =>
      Object.values(status.environments).map((each) => each?.instances.map(({ pid }) => pid));
    assert.deepEqual(pids(after), pids(before), 'the same processes');
    await second.api.post('/v1/apps/shop/promote');
    await second.when('v2 is live', ({ release }) => release?.status === 'promoted');
    assert.equal((await second.ask()).body, 'v2');
  });

  test('does not stop an instance that is not drained when it goes in the middle of a drain', async (t) => {
    const shop = await project(t, yaml({ release: 'rollback-window: 0s' }));
    const first = await shop.up();
    await first.deploy('v1');
    const slow = first.ask('/slow');
    await first.when('it is in flight', ({ environments }) => environments.blue?.inFlight === 1);
    await first.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await first.when('v2 has everyone', ({ live }) => live === 'green');
    await first.control.stop({ everything: false });
    assert.deepEqual(await slow, { status: 200, body: 'v1' });
    const second = await shop.up();
    const done = await second.when(
      'the old one is stopped',
      ({ release }) => release?.status === 'completed',
    );
    assert.equal(done.environments.blue, null);
  });

  test('is alone with its data directory', async (t) => {
    const shop = await project(t);
    const teal = await shop.up();
    await assert.rejects(startControl({ file: shop.file, log: 'silent' }), { code: 'already-running' });
    await teal.control.stop({ everything: false });
    const again = await shop.up();
    await again.control.stop({ everything: true });
    lockData(shop.data).release();
  });

  test('refuses a port that is taken, and leaves nothing running and nothing locked', async (t) => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    atEnd(t, () => blocker.close());
    const { port } = blocker.address() as net.AddressInfo;
    const shop = await project(t, yaml({ listen: `127.0.0.1:${port}` }));
    await assert.rejects(shop.up(), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'port-taken');
      assert.match(error.message, new RegExp(String(port)));
      return true;
    });
    lockData(shop.data).release();
    blocker.close();
    const teal = await shop.up();
    assert.equal((await teal.ask()).status, 503);
  });

  test('refuses an event log that was cut off, changes nothing, and the router goes on serving', async (t) => {
    const shop = await project(t);
    const first = await shop.up();
    await first.deploy('v1');
    await first.control.stop({ everything: false });
    await truncate(path.join(shop.data, 'teal.db'), 5000);
    await assert.rejects(shop.up(), { code: 'store-unreadable' });
    assert.equal((await first.ask()).body, 'v1');
    lockData(shop.data).release();
  });

  test('says that a data directory cannot be used', async (t) => {
    const shop = await project(t);
    await shop.write('data', 'a file');
    await assert.rejects(shop.up(), { code: 'store-unreadable' });
  });

  test('stops everything although the router was killed', async (t) => {
    const shop = await project(t);
    const teal = await shop.up();
    await teal.deploy('v1');
    const { router, apps } = await teal.api.get<Status>('/v1/status');
    const [pid] = apps[0]?.environments.blue?.instances.map((each) => each.pid) ?? [];
    assert.ok(router !== null && typeof pid === 'number');
    process.kill(router.pid, 'SIGKILL');
    await teal.control.stop({ everything: true });
    assert.throws(() => process.kill(pid, 0));
    await assert.rejects(teal.ask());
  });

  test('stops at once when it is told not to wait', async (t) => {
    const shop = await project(t);
    const teal = await shop.up();
    await teal.deploy('v1');
    const slow = teal.ask('/slow').catch((error: unknown) => error);
    await teal.when('it is in flight', ({ environments }) => environments.blue?.inFlight === 1);
    const force = new AbortController();
    const stopped = teal.control.stop({ everything: true, signal: force.signal });
    const began = performance.now();
    force.abort();
    await stopped;
    assert.ok(performance.now() - began < 1400, 'before the request would have ended');
    assert.ok((await slow) instanceof Error);
  });

  test('goes on with a release after everything was stopped in the middle of it', async (t) => {
    const shop = await project(t);
    const first = await shop.up();
    await first.deploy('v1');
    await first.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await first.control.stop({ everything: true });
    await assert.rejects(first.ask());
    const second = await shop.up();
    await second.when(
      'v2 is live',
      ({ release }) => release?.version === 'v2' && release.status === 'promoted',
    );
    assert.equal((await second.ask()).body, 'v2');
  });

  test('keeps the versions that can be gone back to, also when releases are aborted, and not the others', async (t) => {
    const shop = await project(t, yaml({ release: 'promote: manual', app: '    keep: 2' }));
    const teal = await shop.up();
    const from = path.join(shop.folder, 'app');
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v1', from, promote: 'auto' });
    await teal.when('v1 is live', ({ release }) => release?.status === 'completed');
    for (const version of ['v2', 'v3', 'v4']) {
      await teal.api.post('/v1/apps/shop/deploy', { version, from });
      await teal.api.post('/v1/apps/shop/abort');
      await teal.when(
        'it is aborted',
        ({ release }) => release?.version === version && release.status === 'aborted',
      );
    }
    const kept = async (): Promise<string> =>
      (await readdir(path.join(shop.data, 'versions', 'shop')))
        .filter((name) => /^v\d$/.test(name))
        .join(' ');
    await until('v2 is gone', async () => (await kept()) === 'v1 v3 v4');
    await teal.api.post('/v1/apps/shop/retry');
    await teal.when('v4 waits for approval', ({ release }) => release?.step?.name === 'approve');
  });

  test('removes an app, and adds it anew', async (t) => {
    const shop = await project(t, yaml({ release: 'promote: manual' }));
    const teal = await shop.up();
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v1', promote: 'auto' });
    await teal.when('v1 is live', ({ release }) => release?.status === 'completed');
    await teal.api.post('/v1/apps/shop/remove');
    await until('it is gone', async () => (await teal.api.get<Status>('/v1/status')).apps.length === 0);
    assert.equal((await teal.ask()).status, 404);
    await assert.rejects(
      teal.api.get('/v1/apps/shop'),
      (error: Refused) => error.json.code === 'app-unknown',
    );
    await teal.api.post('/v1/apply', { file: shop.file });
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await teal.when('it waits for approval', ({ release }) => release?.step?.name === 'approve');
    const { url } = await teal.api.get<{ url: string }>('/v1/apps/shop/preview');
    assert.deepEqual(await teal.ask(url), { status: 200, body: 'v2' }, 'its preview key is there');
    await teal.api.post('/v1/apps/shop/abort');
    await teal.when('it is aborted', ({ release }) => release?.status === 'aborted');
    assert.match((await teal.api.post<{ did: string }>('/v1/apps/shop/remove')).did, /removing/);
  });
});
