/** Invariant 6: kill -9 of the control plane after any event loses nothing, and the next one goes on. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { AppStatus } from '../../src/control/contract.ts';
import { stopLeftBehind } from '../../src/control/left-behind.ts';
import { startControl } from '../../src/control/control.ts';
import { atEnd } from '../at-end.ts';
import { until } from './help.ts';
import { apiAt, project, socketOf, yaml, type Api, type Project } from './project.ts';

const settings = (window: string): string =>
  yaml({ release: `tests: [{ command: "true" }], rollback-window: ${window}` });

interface Life {
  readonly child: ChildProcess;
  readonly died: Promise<unknown>;
  readonly url: string;
}

async function live(t: TestContext, shop: Project): Promise<Life> {
  const program = path.join(import.meta.dirname, 'killable.ts');
  const child = spawn(process.execPath, [program, shop.file, path.join(shop.folder, 'kill')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const died = once(child, 'exit');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await died;
  });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const [url = ''] = JSON.parse(first.toString()) as string[];
  return { child, died, url };
}

const when = (
  api: Api,
  what: string,
  holds: (release: NonNullable<AppStatus['release']>) => boolean,
): Promise<AppStatus> =>
  until(what, async () => {
    const status = await api.get<AppStatus>('/v1/apps/shop').catch(() => null);
    return status?.release != null && holds(status.release) && status;
  });

const body = async (url: string): Promise<string> =>
  await (await fetch(url, { headers: { connection: 'close' } })).text();

describe('a control plane that is killed', () => {
  test('after any event of a deploy goes on to the end when it is started again', async (t) => {
    const shop = await project(t, settings('0s'));
    const api = apiAt(socketOf(shop.data));
    let now = await live(t, shop);
    await api.post('/v1/apps/shop/deploy', { version: 'v0' });
    await when(api, 'v0 is live', ({ status }) => status === 'completed');
    const events = [
      'release-started',
      'candidate-ready',
      'step-passed',
      'switch-started',
      'switched',
      'drained',
      'retired',
    ];
    for (const event of events) {
      const version = `v-${event}`;
      await shop.add(version);
      await shop.write('kill', event);
      await api.post('/v1/apps/shop/deploy', { version }).catch(() => undefined);
      await now.died;
      assert.match(await body(now.url), /^v/, `traffic is served while nobody controls it, after ${event}`);
      now = await live(t, shop);
      const status = await when(
        api,
        `${version} is live`,
        (release) => release.version === version && release.ended,
      );
      assert.equal(status.release?.status, 'completed', event);
      assert.equal(await body(now.url), version);
      assert.equal(Object.values(status.environments).filter((each) => each !== null).length, 1);
    }
  });

  test('after any event of a rollback has everyone back when it is started again', async (t) => {
    const shop = await project(t, settings('1h'));
    const api = apiAt(socketOf(shop.data));
    let now = await live(t, shop);
    await api.post('/v1/apps/shop/deploy', { version: 'v1' });
    await when(api, 'v1 is live', ({ status }) => status === 'completed');
    for (const event of ['rollback-started', 'switched', 'retired']) {
      await shop.add(`v-${event}`);
      await api.post('/v1/apps/shop/deploy', { version: `v-${event}` });
      await when(api, 'it is promoted', ({ status }) => status === 'promoted');
      await shop.write('kill', event);
      await api.post('/v1/apps/shop/rollback').catch(() => undefined);
      await now.died;
      now = await live(t, shop);
      const status = await when(api, 'it is rolled back', (release) => release.ended);
      assert.equal(status.release?.status, 'rolled-back', event);
      assert.equal(await body(now.url), 'v1');
    }
  });
});

describe('what a control plane has left behind', () => {
  test('is stopped without one: the router when its requests have ended, then the instances', async (t) => {
    const shop = await project(t);
    assert.deepEqual(await stopLeftBehind({ file: shop.file }), { router: false, instances: 0 });
    const now = await live(t, shop);
    const api = apiAt(socketOf(shop.data));
    await api.post('/v1/apps/shop/deploy', { version: 'v1' });
    await when(api, 'v1 is live', ({ status }) => status === 'completed');
    await assert.rejects(stopLeftBehind({ file: shop.file }), { code: 'already-running' });
    const slow = fetch(`${now.url}slow`).then((response) => response.text());
    await until('it is in flight', async () => {
      const { environments } = await api.get<AppStatus>('/v1/apps/shop');
      return environments.blue?.inFlight === 1;
    });
    now.child.kill('SIGKILL');
    await now.died;
    assert.deepEqual(await stopLeftBehind({ file: shop.file }), { router: true, instances: 1 });
    assert.equal(await slow, 'v1');
    await assert.rejects(body(now.url));
    assert.deepEqual(await stopLeftBehind({ file: shop.file }), { router: false, instances: 0 });
  });

  test('lets the next one in at once: the lock of a killed one is nobody’s', async (t) => {
    const shop = await project(t);
    const now = await live(t, shop);
    now.child.kill('SIGKILL');
    await now.died;
    const control = await startControl({ file: shop.file, log: 'silent' });
    await control.stop({ everything: true });
  });
});
