/** `teal rollback --all`: every app that can goes back in one transaction and one routing table; the others say why not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { teal } from '../../src/control/apps.ts';
import type { AppStatus, RollbackResult } from '../../src/control/contract.ts';
import { app, build } from '../release/story.ts';
import { rollbackAll } from '../../src/control/rollback-all.ts';
import { fakeDeps } from './fakes.ts';
import { until } from './help.ts';
import { project, yaml } from './project.ts';

const more = ['two', 'three']
  .map(
    (name) => `
  ${name}:
    hosts: [${name}.test]
    run:
      process:
        command: [${process.execPath}, server.js]
        directory: ./versions/{version}
    health: { path: /health, interval: 100ms, timeout: 2s, deadline: 20s }`,
  )
  .join('');

test(
  'all apps that can go back do so in one table, and one that cannot says why',
  { timeout: 60_000 },
  async (t) => {
    const shop = await project(t, yaml({ app: more }));
    const running = await shop.up();
    const { api } = running;
    const live = (name: string, version: string): Promise<unknown> =>
      until(`${name} ${version} is live`, async () => {
        const status = await api.get<AppStatus>(`/v1/apps/${name}`);
        const { release } = status;
        return release?.version === version && ['promoted', 'completed'].includes(release.status);
      });
    for (const [name, version] of [
      ['shop', 'v1'],
      ['two', 'v1'],
      ['three', 'v1'],
      ['shop', 'v2'],
      ['two', 'v2'],
    ] as const) {
      await api.post(`/v1/apps/${name}/deploy`, { version });
      await live(name, version);
    }
    const { apps } = await api.post<RollbackResult>('/v1/rollback', { reason: 'the cable' });
    const [one, two, three] = apps;
    assert.equal(one?.did, 'rolling back: the cable');
    assert.equal(two?.did, 'rolling back: the cable');
    assert.equal(three?.error?.code, 'nothing-to-roll-back-to');
    assert.equal(three?.app.version, 'v1');
    const tables = await Promise.all(
      ['shop', 'two'].map((name) =>
        until(`${name} is back`, async () => {
          const events = await api.get<readonly { type: string; data: { generation: number } }[]>(
            `/v1/events?app=${name}`,
          );
          const last = events.findIndex(({ type }) => type === 'rollback-started');
          return events.slice(0, last).find(({ type }) => type === 'switched')?.data.generation;
        }),
      ),
    );
    assert.equal(tables[0], tables[1]);
    assert.equal((await running.ask()).body, 'v1');
  },
);

test('whoever is told of one app sees the others changed too', async (t) => {
  const deps = await fakeDeps(t);
  const { apps } = deps;
  const names = ['one', 'two', 'three'];
  const config = (name: string) => ({ ...app(), name });
  await apps.applyAll(
    names.map((name) => ({ app: name, input: { type: 'apply', config: config(name) } })),
    teal,
  );
  for (const name of names.slice(0, 2))
    await apps.submit(name, { type: 'deploy', build: build('v1', config(name)), promote: null }, teal);
  const seen: string[][] = [];
  apps.listen(() => seen.push(names.map((name) => apps.state(name).release?.status ?? 'none')));
  const { apps: answers } = await rollbackAll(deps, teal);
  assert.deepEqual(
    answers.map(({ error }) => error?.code ?? 'goes back'),
    // The app that the stand-ins begin with has had no version either.
    ['nothing-to-roll-back-to', 'goes back', 'goes back', 'nothing-to-roll-back-to'],
  );
  assert.deepEqual(seen, Array(2).fill(['aborting', 'aborting', 'none']));
});
