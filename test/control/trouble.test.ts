/** What goes wrong with a version, a worker or the disk, on real parts. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { EventView } from '../../src/control/contract.ts';
import { until } from './help.ts';
import { project, withWorker, yaml, type Project } from './project.ts';

const jobs = async (shop: Project): Promise<string> =>
  (await shop.read('app/jobs').catch(() => '')).trim().split('\n').join(', ');

describe('a version that fails after the switch goes back by itself', () => {
  test('when it crashes again and again', async (t) => {
    const shop = await project(t);
    const teal = await shop.up();
    await teal.deploy('v1');
    await teal.deploy('v2');
    await shop.write('app/crash-v2');
    const back = await teal.when('it has gone back', ({ release }) => release?.status === 'rolled-back');
    assert.equal((await teal.ask()).body, 'v1');
    assert.equal(back.release?.error?.code, 'crash-loop');
    assert.equal(back.environments.green, null);
    assert.equal(back.next, 'teal deploy shop <version>');
  });

  test('when it loses its health', async (t) => {
    const text = yaml().replace('deadline: 20s', 'deadline: 3s');
    const shop = await project(t, text);
    const teal = await shop.up();
    await teal.deploy('v1');
    await teal.deploy('v2');
    await shop.write('app/sick-v2');
    const back = await teal.when('it has gone back', ({ release }) => release?.status === 'rolled-back');
    assert.equal((await teal.ask()).body, 'v1');
    assert.match(back.release?.error?.message ?? '', /unhealthy/);
  });
});

describe('a version that fails before the switch', () => {
  test('is aborted, and live is not touched', async (t) => {
    const shop = await project(
      t,
      yaml({ release: 'tests: [{ command: "echo the shelf is empty; exit 3" }]' }),
    );
    const teal = await shop.up();
    await teal.deploy('v1').catch(() => undefined);
    const status = await teal.when('it is aborted', ({ release }) => release?.status === 'aborted');
    assert.equal(status.release?.error?.code, 'test-failed');
    assert.match(status.release?.error?.message ?? '', /the shelf is empty/);
    const log = String(status.release?.error?.details['log']);
    assert.equal(await readFile(log, 'utf8'), 'the shelf is empty\n');
  });

  test('is aborted when a command is not there', async (t) => {
    const shop = await project(t, yaml().replace(process.execPath, '/no/such/program'));
    const teal = await shop.up();
    await teal.deploy('v1').catch(() => undefined);
    const status = await teal.when('it is aborted', ({ release }) => release?.status === 'aborted');
    assert.equal(status.release?.error?.code, 'command-not-found');
  });
});

describe('a worker', () => {
  test('has ended in the old environment before it starts in the new one, at the switch and at the rollback', async (t) => {
    const shop = await project(t, yaml({ app: withWorker }));
    const teal = await shop.up();
    await teal.deploy('v1');
    await until('it works', async () => (await jobs(shop)) === 'start v1');
    await teal.deploy('v2');
    await until('it is handed over', async () => (await jobs(shop)).endsWith('start v2'));
    assert.equal(await jobs(shop), 'start v1, stop v1, end v1, start v2');
    await teal.api.post('/v1/apps/shop/rollback');
    await until(
      'it is handed back',
      async () =>
        (await jobs(shop)).endsWith('start v1, ') || (await jobs(shop)).split('start v1').length === 3,
    );
    assert.equal(await jobs(shop), 'start v1, stop v1, end v1, start v2, stop v2, end v2, start v1');
  });

  test('that does not end is killed at its deadline, and does not hold the switch up', async (t) => {
    const shop = await project(t, yaml({ app: withWorker }));
    await shop.write('app/hang-v1');
    const teal = await shop.up();
    await teal.deploy('v1');
    await until('it works', async () => (await jobs(shop)) === 'start v1');
    await teal.deploy('v2');
    assert.equal((await teal.ask()).body, 'v2');
    await until('it is handed over', async () => (await jobs(shop)).endsWith('start v2'));
    assert.equal(await jobs(shop), 'start v1, stop v1, start v2');
  });
});

describe('secrets', () => {
  test('are in no event, no answer, no log of Teal and no output that is kept', async (t) => {
    const secret = 'swordfish-7261';
    process.env['TEAL_TEST_KEY'] = secret;
    t.after(() => delete process.env['TEAL_TEST_KEY']);
    const shop = await project(
      t,
      yaml({
        process: 'environment: { API_KEY: { secret: "env:TEAL_TEST_KEY" }, PLAIN: visible }',
        release: 'tests: [{ command: "echo got $TEAL_TEST_KEY" }], promote: manual',
      }),
    );
    const seen: EventView[] = [];
    const teal = await shop.up((event) => seen.push(event));
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v1' });
    const status = await teal.when(
      'it waits for approval',
      ({ release }) => release?.step?.name === 'approve',
    );
    const passed = seen.find(({ type }) => type === 'step-passed');
    assert.match(JSON.stringify(passed), /got \[API_KEY\]/, 'the test saw it');
    const doctor = await teal.api.get('/v1/doctor');
    const all = await teal.api.get('/v1/events?limit=1000');
    const { changes } = await teal.api.post<{ changes: unknown }>('/v1/apply', {
      file: shop.file,
      dryRun: true,
    });
    const answers = JSON.stringify([status, seen, doctor, all, changes]);
    assert.ok(!answers.includes(secret));
    await teal.control.stop({ everything: true });
    for (const file of await readdir(shop.data)) {
      if (!file.startsWith('teal.db')) continue;
      assert.ok(!(await readFile(path.join(shop.data, file), 'latin1')).includes(secret), file);
    }
  });
});

describe('scale, restart and maintenance', () => {
  test('work on what is live, and scale also in the middle of a release', async (t) => {
    const shop = await project(t, yaml({ release: 'promote: manual' }));
    const teal = await shop.up();
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v1', promote: 'auto' });
    await teal.when('v1 is live', ({ release }) => release?.status === 'completed');
    await teal.api.post('/v1/apps/shop/deploy', { version: 'v2' });
    await teal.when('it waits for approval', ({ release }) => release?.step?.name === 'approve');
    await teal.api.post('/v1/apps/shop/scale', { instances: 2 });
    const scaled = await teal.when('both have two', ({ environments: { blue, green } }) =>
      [blue, green].every((each) => each?.instances.filter(({ state }) => state === 'healthy').length === 2),
    );
    await teal.api.post('/v1/apps/shop/restart');
    const before = scaled.environments.blue?.instances.map(({ pid }) => pid) ?? [];
    await teal.when('others run', ({ environments: { blue } }) => {
      const healthy = blue?.instances.filter(({ state }) => state === 'healthy') ?? [];
      return (
        healthy.length === 2 &&
        blue?.instances.length === 2 &&
        healthy.every(({ pid }) => !before.includes(pid))
      );
    });
    assert.equal((await teal.ask()).body, 'v1');
    await teal.api.post('/v1/apps/shop/maintenance', { on: true, message: 'painting' });
    await until('the page is shown', async () => (await teal.ask()).body.includes('painting'));
    const { url } = await teal.api.get<{ url: string }>('/v1/apps/shop/preview');
    assert.equal((await teal.ask(url)).body, 'v2', 'previews pass');
    await teal.api.post('/v1/apps/shop/maintenance', { on: false });
    await until('it is over', async () => (await teal.ask()).body === 'v1');
  });
});
