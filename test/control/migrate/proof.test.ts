// What is tried before expand and contract, and what contract waits for, on servers that count statements.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { teal } from '../../../src/control/apps.ts';
import { Statements } from '../../../src/control/migrate/statements.ts';
import { share, type Counting, type Looked } from '../../../src/control/migrate/sent.ts';
import type { Snapshot } from '../../../src/database/prove/collect.ts';
import { atEnd } from '../../at-end.ts';
import { quiet } from '../fakes.ts';
import { until } from '../help.ts';
import { rename } from './help.ts';
import { onCounting, proof, scene, sends } from './scene.ts';

onCounting(
  'statements of the live version are tried before expand, those of the new one before contract',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.deploy('v2', rename);
    await shop.migrates('expand');
    const { expand } = shop.migration.proofs;
    assert.equal(expand?.outcome, 'green', expand?.says ?? 'nothing was tried');
    assert.equal(expand.statements, 1);
    assert.equal(expand.coverage, 1);
    await shop.migrates('backfill');
    await shop.goLive();
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    await shop.migrates('contract');
    const { contract } = shop.migration.proofs;
    assert.equal(contract?.outcome, 'green', contract?.says ?? 'nothing was tried');
    assert.equal(contract.statements, 1, 'what v1 had sent is not asked any more');
    assert.match(expand.says, /Tried in the database itself/);
    assert.doesNotMatch(contract.says, /Tried in the database itself/, 'it was said before expand');
    assert.deepEqual(contract.notes, expand.notes);
    assert.equal(shop.migration.stage, 'contracted');
    assert.doesNotMatch(JSON.stringify(await shop.events()), / = 7/);
  },
);

onCounting(
  'what the live version cannot live with is refused before anything has run, and what a version needs before it is dropped',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.deploy('v2', { expand: 'ALTER TABLE users RENAME COLUMN name TO full_name;' });
    await shop.migrates('expand');
    assert.equal(shop.status, 'aborted');
    const error = shop.deps.apps.state('shop').release?.error;
    assert.equal(error?.code, 'migration-unproven');
    assert.match(error.message, /BROKEN column "name" does not exist.*SELECT name FROM users WHERE id = \$1/);
    await admin.query('SELECT name FROM users');

    await shop.releases('v3', rename);
    await sends(there, 'green', 'SELECT name, full_name FROM users');
    await shop.migrates('contract');
    assert.equal(shop.migration.failed?.code, 'migration-unproven');
    assert.equal(shop.migration.proofs.contract?.broken, 1);
    await admin.query('SELECT name FROM users');
  },
);

onCounting(
  'an enum’s new value makes a rollback unsafe, and says so',
  async (server, t) => {
    const there = await scene(t, server);
    await there.admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT feeling FROM users');
    await there.shop.deploy('v2', { expand: "ALTER TYPE mood ADD VALUE 'great';" });
    await there.shop.migrates('expand');
    const { expand } = there.shop.migration.proofs;
    assert.equal(expand?.outcome, 'green', expand?.says ?? 'nothing was tried');
    assert.match(expand.unsafe ?? '', /v1 would read what it has never met: .*great/);
  },
  [18],
);

onCounting(
  'without pg_stat_statements expand says what is lost and goes on, and contract wants files',
  async (server, t) => {
    const there = await scene(t, server, { proof: proof({ corpus: ['queries.sql'] }) });
    const { shop } = there;
    const directory = await shop.deploy('v2', rename);
    await shop.migrates('expand');
    const { expand } = shop.migration.proofs;
    assert.equal(expand?.outcome, 'unknown');
    assert.match(expand.says, /pg_stat_statements tells nothing/);
    await shop.migrates('backfill');
    await shop.goLive();
    await shop.migrates('contract');
    assert.equal(shop.migration.failed?.code, 'migration-unproven');
    assert.match(shop.migration.failed.remedy, /corpus.*teal db contract shop/);
    await writeFile(path.join(directory, 'queries.sql'), 'BEGIN; COMMIT;');
    await shop.asks('contract');
    await shop.migrates('contract');
    assert.equal(shop.migration.failed?.code, 'migration-unproven', 'nothing was asked');
    await writeFile(path.join(directory, 'queries.sql'), 'SELECT full_name FROM users WHERE id = 3;');
    await shop.asks('contract');
    await shop.migrates('contract');
    assert.equal(shop.migration.proofs.contract?.outcome, 'green');
    assert.equal(shop.migration.stage, 'contracted');
  },
);

onCounting(
  'a contract that a view stands against is told as what it is, and a new version with another one goes on',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements; CREATE VIEW named AS SELECT name FROM users');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.releases('v2', rename);
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    await shop.migrates('contract');
    const { failed } = shop.migration;
    assert.equal(failed?.code, 'migration-failed');
    assert.match(
      failed.message,
      /^contract of 0001-change cannot run: cannot drop column name of table users .+ \(view named depends on column name of table users\)$/,
    );
    assert.match(failed.remedy, /Nothing of it has run.+Correct contract\.sql.+as a new version/);
    await shop.releases('v3', { ...rename, contract: `BEGIN; DROP VIEW named; ${rename.contract} COMMIT;` });
    await sends(there, 'blue', 'SELECT full_name FROM users WHERE id = 7');
    await shop.migrates('contract');
    assert.equal(shop.migration.failed, null);
    assert.equal(shop.migration.stage, 'contracted');
  },
);

onCounting(
  'contract waits for the old version’s sessions, says whose, and ends none of them',
  async (server, t) => {
    const there = await scene(t, server, { proof: null });
    const { shop } = there;
    const old = await there.as('blue');
    await shop.releases('v2', rename);
    const contracting = shop.migrates('contract');
    const seen = await until('it waits', () => {
      const now = shop.deps.migrations.progress('shop');
      return now?.state === 'waiting' ? now : null;
    });
    assert.match(seen.why ?? '', /_blue is still connected: process \d+/);
    await old.query('SELECT name FROM users');
    await old.end();
    await contracting;
    assert.equal(shop.migration.stage, 'contracted');
  },
  [18],
);

onCounting(
  'each version that runs has to be known before contract: what another one sends says nothing of it',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.releases('v2', rename);
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    const old = await there.as('blue');
    const contracting = shop.migrates('contract');
    await until('it waits', () => shop.deps.migrations.progress('shop')?.state === 'waiting');
    await shop.deploy('v3', rename);
    await shop.deps.apps.submit('shop', { type: 'tick' }, teal);
    await old.end();
    await contracting;
    assert.equal(shop.migration.failed?.code, 'migration-unproven');
    assert.match(shop.migration.failed.message, /no statements of v3 are known/);
  },
  [18],
);

onCounting(
  'without roles what the new version sends is watched while it is alone, and nothing that Teal sends counts',
  async (server, t) => {
    const there = await scene(t, server, { roles: null });
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.deploy('v2', rename);
    await shop.migrates('expand');
    assert.equal(
      shop.migration.proofs.expand?.outcome,
      'green',
      shop.migration.proofs.expand?.says ?? 'nothing was tried',
    );
    await shop.migrates('backfill');
    await shop.goLive();
    await shop.deps.statements.look('shop');
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    await shop.migrates('contract');
    assert.equal(
      shop.migration.proofs.contract?.outcome,
      'green',
      shop.migration.proofs.contract?.says ?? 'nothing was tried',
    );
    const sent = await shop.deps.statements.of('shop', 'v2');
    assert.deepEqual(
      sent.statements.map(({ text }) => text).filter((text) => /users/.test(text)),
      ['SELECT full_name FROM users WHERE id = $1'],
    );
  },
  [18],
);

onCounting(
  'a version that is deployed while contract waits is no old one: what contract waits for is what there is now',
  async (server, t) => {
    const there = await scene(t, server, { proof: null });
    const { shop } = there;
    const old = await there.as('blue');
    await shop.releases('v2', rename);
    const contracting = shop.migrates('contract');
    await until('it waits', () => shop.deps.migrations.progress('shop')?.state === 'waiting');
    await shop.deploy('v3', rename);
    await shop.goLive();
    const own = await there.as('blue');
    await old.end();
    await until('it goes on', () => shop.migration.stage === 'contracted');
    await contracting;
    await own.end();
  },
  [18],
);

onCounting(
  'a version that is deployed while another one is watched is watched in its place',
  async (server, t) => {
    const there = await scene(t, server, { roles: null });
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.releases('v2', rename);
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    Object.assign(shop.deps.statements, { aloneMs: 3_600_000 });
    const contracting = shop.migrates('contract');
    await until(
      'v2 is watched',
      () => shop.deps.migrations.progress('shop')?.what === 'to see what v2 sends',
    );
    await shop.deploy('v3', rename);
    await shop.goLive();
    await until(
      'v3 is watched',
      () => shop.deps.migrations.progress('shop')?.what === 'to see what v3 sends',
    );
    await sends(there, 'blue', 'SELECT full_name, id FROM users');
    Object.assign(shop.deps.statements, { aloneMs: 100 });
    await contracting;
    assert.equal(shop.migration.failed, null);
    assert.equal(shop.migration.stage, 'contracted');
  },
  [18],
);

onCounting(
  'what was counted outlives the server’s counters and a restart of Teal',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await admin.query('SELECT pg_stat_statements_reset()');
    const { store, apps, migrations } = shop.deps;
    const again = new Statements({ store, apps, migrations, now: Date.now, log: quiet });
    await again.look('shop');
    const known = await again.of('shop', 'v1');
    assert.deepEqual(
      known.statements.map(({ text, calls }) => [text, calls]),
      [['SELECT name FROM users WHERE id = $1', 3]],
    );
    assert.equal(known.resets, 1);
    await again.keepOnly('shop', new Set(['v2']));
    assert.deepEqual((await again.of('shop', 'v1')).statements, []);
    await again.close();
  },
  [18],
);

onCounting(
  'servers are looked at again and again; that one does not count is said once',
  async (server, t) => {
    const there = await scene(t, server);
    const { store, apps, migrations } = there.shop.deps;
    const said: object[] = [];
    const log = { warn: (about: object) => void said.push(about) } as unknown as typeof quiet;
    const statements = new Statements({ store, apps, migrations, now: Date.now, log, everyMs: 20 }).start();
    atEnd(t, () => statements.close());
    await until('it is said', () => said.length > 0);
    await there.admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await until('it is counted', async () => (await statements.of('shop', 'v1')).statements.length > 0);
    await statements.close();
    assert.equal(said.length, 1);
    assert.match(JSON.stringify(said), /pg_stat_statements tells nothing/);
    assert.ok((await store.statements.read('shop')).has('v1'), 'and kept for whoever comes next');
  },
  [18],
);

onCounting('a shadow is made on the server itself, or it is said why there is none', async (server, t) => {
  const there = await scene(t, server, { proof: proof({ shadow: 'auto' }) });
  await there.admin.query('CREATE EXTENSION pg_stat_statements');
  await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
  await there.shop.deploy('v2', rename);
  await there.shop.migrates('expand');
  const { expand } = there.shop.migration.proofs;
  assert.ok(expand);
  if (expand.outcome === 'unknown') assert.match(expand.says, /pg_dump does not give the schema/);
  else assert.equal(expand.outcome, 'green', expand.says);
  const { rows } = await there.admin.query("SELECT FROM pg_database WHERE datname LIKE 'teal\\_shadow%'");
  assert.equal(rows.length, 0);
});

const snapshot = (at: number, calls: Readonly<Record<string, number>>): Snapshot => ({
  at,
  rows: Object.entries(calls).map(([key, count]) => {
    const [role = '', text = ''] = key.split(' ');
    return { id: key, text, calls: count, role, searchPath: null };
  }),
  resetAt: 'monday',
  thrownOut: 0,
  hidden: 0,
});

/** Who has sent what over several looks. */
function over(
  looks: readonly (Pick<Looked, 'snapshot' | 'running'> & Partial<Looked>)[],
): Record<string, string[]> {
  let before: Counting | null = null;
  const all: Record<string, string[]> = {};
  for (const each of looks) {
    const shared = share(before, { live: 'blue', roles: { blue: 'b', green: 'g' }, without: null, ...each });
    before = shared.counting;
    for (const [version, { statements }] of shared.sent)
      (all[version] ??= []).push(...statements.map(({ text, calls }) => `${text}×${calls}`));
  }
  return all;
}

test('by roles each version gets what its own environment has sent while it was there', () => {
  const v1 = { blue: 'v1', green: null };
  const both = { blue: 'v1', green: 'v2' };
  assert.deepEqual(
    over([
      { snapshot: snapshot(1, { 'b a': 5, 'x z': 9 }), running: v1 },
      { snapshot: snapshot(2, { 'b a': 6, 'g c': 1 }), running: both },
      { snapshot: snapshot(3, { 'b a': 7, 'g c': 1 }), running: { blue: null, green: 'v2' } },
      { snapshot: snapshot(4, { 'b a': 7, 'b d': 1, 'g c': 3 }), running: { blue: 'v3', green: 'v2' } },
    ]),
    { v1: ['a×5', 'a×1', 'a×1'], v2: ['c×1', 'c×2'], v3: ['d×1'] },
  );
});

test('without roles only what is sent while one version is alone has a sender', () => {
  const roles = null;
  assert.deepEqual(
    over([
      { roles, snapshot: snapshot(1, { 'x a': 5 }), running: { blue: 'v1', green: null } },
      { roles, snapshot: snapshot(2, { 'x a': 6 }), running: { blue: 'v1', green: 'v2' } },
      { roles, snapshot: snapshot(3, { 'x a': 7, 'x b': 1 }), running: { blue: null, green: 'v2' } },
      { roles, snapshot: snapshot(4, { 'x a': 7, 'x b': 2 }), running: { blue: null, green: 'v2' } },
    ]),
    { v1: ['a×5'], v2: ['b×1'] },
  );
});
