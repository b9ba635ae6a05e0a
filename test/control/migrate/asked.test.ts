/** What people ask for of a migration that commands do, before a running Teal: deploy, contract, undo, and the answers to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakes } from '../../../scripts/fuzz-api/conform.ts';
import type { AppStatus, CommandResult } from '../../../src/control/contract.ts';
import { project, yaml, type Running } from '../project.ts';

const database = `    database:
      contract: manual
      run:
        expand: echo expand $TEAL_VERSION >> ../done
        undo: echo undo $TEAL_VERSION >> ../done
        contract: echo contract $TEAL_VERSION >> ../done; [ $TEAL_VERSION != v2 ] || [ -e ../may ]
`;

const stage =
  (name: string, of: string) =>
  ({ migration, release }: AppStatus): boolean =>
    migration?.name === of && migration.stage === name && release?.ended === true;

async function asks(running: Running, command: 'contract' | 'undo'): Promise<CommandResult> {
  const answer = await running.api.raw('POST', `/v1/apps/shop/${command}`, '{}');
  assert.equal(answer.status, 200, answer.body);
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
  assert.deepEqual(mistakes(command, 'POST', { ...answer, headers }), [], answer.body);
  return JSON.parse(answer.body) as CommandResult;
}

test('one version after the other is deployed, contracted when it is asked for, and undone when it was taken back', async (t) => {
  const shop = await project(t, yaml({ release: 'rollback-window: 500ms', app: database }));
  const running = await shop.up();
  const deploy = (version: string): Promise<unknown> => running.api.post('/v1/apps/shop/deploy', { version });
  await deploy('v1');
  const waiting = await running.when('v1 is ready', stage('ready', 'v1'));
  assert.deepEqual([waiting.migration?.command, waiting.next], ['contract', 'teal db contract shop']);
  assert.match((await asks(running, 'contract')).did, /contracting v1$/);
  await running.when('v1 is contracted', stage('contracted', 'v1'));

  await deploy('v2');
  await running.when('v1 is gone', ({ migration }) => migration?.name === 'v2' && migration.command !== null);
  await asks(running, 'contract');
  const failed = await running.when('it has failed', ({ migration }) => migration?.failed != null);
  assert.deepEqual([failed.next, failed.migration?.command], ['teal db contract shop', 'contract']);
  const metrics = await running.api.raw('GET', '/metrics');
  assert.match(metrics.body, /^teal_migration_failed\{app="shop",migration="v2"\} 1$/m);
  assert.match(
    metrics.body,
    /^teal_migration_info\{app="shop",migration="v2",version="v2",stage="contracting"\} 1$/m,
  );
  await shop.write('may');
  await asks(running, 'contract');
  const done = await running.when('it is contracted', stage('contracted', 'v2'));
  assert.match(done.rollback?.harm ?? '', /was contracted \(v2\)/);

  await running.api.post('/v1/apps/shop/freeze', {});
  await running.api.post('/v1/apps/shop/unfreeze', {});
  await deploy('v3');
  await running.when('v3 has everyone', ({ version }) => version === 'v3');
  await running.api.post('/v1/apps/shop/rollback', {});
  await running.when('v3 is gone', ({ release }) => release?.status === 'rolled-back');
  await asks(running, 'undo');
  await running.when('it is undone', stage('undone', 'v3'));
  assert.deepEqual((await shop.read('done')).trim().split('\n'), [
    'expand v1',
    'contract v1',
    'expand v2',
    'contract v2',
    'contract v2',
    'expand v3',
    'undo v3',
  ]);
});
