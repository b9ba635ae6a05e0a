// From teal.yaml to the contracted database: a whole Teal, real processes, and what is said of it on the way.
import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { AppStatus, CommandResult, PlanResult } from '../../../src/control/contract.ts';
import { onServers } from '../../database/server.ts';
import { project, Refused, yaml, type Project, type Running } from '../project.ts';
import { contract, expand } from './shop.ts';

const database = (...lines: readonly string[]): string =>
  yaml({
    release: 'rollback-window: 0s',
    app: ['    database:', ...lines.map((line) => `      ${line}`)].join('\n'),
  });

/** A version with a folder of its own, and these files in it. */
async function add(shop: Project, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(shop.folder, 'versions', version);
  await shop.remove(path.join('versions', version));
  await cp(path.join(shop.folder, 'app'), folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

const contracted = (running: Running, name: string): Promise<AppStatus> =>
  running.when(`${name} is contracted`, ({ migration }) => {
    if (migration?.failed) throw new Error(migration.failed.message);
    return migration?.name === name && migration.stage === 'contracted';
  });

test('commands run before the candidate, and when the old version is gone, version by version', async (t) => {
  const shop = await project(t);
  const note = `echo "$TEAL_PHASE $TEAL_MIGRATION" >> ${shop.folder}/phases`;
  await shop.write('teal.yaml', database(`run: { expand: '${note}', contract: '${note}' }`));
  const running = await shop.up();
  for (const version of ['v1', 'v2']) {
    await running.deploy(version);
    await contracted(running, version);
  }
  assert.deepEqual((await shop.read('phases')).trim().split('\n'), [
    'expand v1',
    'contract v1',
    'expand v2',
    'contract v2',
  ]);
});

onServers(
  'the newest folder of a version is expanded, filled and contracted by its release',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(
      "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ada')",
    );
    const shop = await project(t, database('url: file:url', 'migrations: db', 'proof: off'));
    await shop.write('url', url);
    const running = await shop.up();
    await running.deploy('v1');
    assert.equal((await running.api.get<AppStatus>('/v1/apps/shop')).migration, null);

    const backfill = 'UPDATE users SET full_name = name WHERE full_name IS NULL;';
    const renaming = {
      'db/1/expand.sql': expand,
      'db/1/backfill.sql': backfill,
      'db/1/contract.sql': contract,
    };
    await add(shop, 'v2', renaming);
    const plan = await running.api.post<PlanResult>('/v1/apps/shop/plan', { version: 'v2' });
    assert.deepEqual([plan.refused, plan.database?.migration], [[], '1']);
    await running.deploy('v2');
    await contracted(running, '1');
    const { rows } = await client.query('SELECT * FROM users');
    assert.deepEqual(rows, [{ id: 1, full_name: 'Ada' }]);

    await assert.rejects(
      running.api.post('/v1/apps/shop/deploy', { version: 'v3' }),
      (error) => error instanceof Refused && error.json.code === 'schema-contracted',
    );
    await add(shop, 'v3', { ...renaming, 'db/2/expand.sql': 'DROP TABLE users;' });
    const { did } = await running.api.post<CommandResult>('/v1/apps/shop/deploy', { version: 'v3' });
    assert.match(did, /^deploying v3; the rules find one thing in 2 .*: teal plan shop v3$/);
  },
  // The server is that of teal db run, whose tests ask all versions.
  [18],
);
