// That looks at servers go on, whatever one of them does, and that each version gets what it has sent.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DatabasePolicy } from '../../../src/config/database.ts';
import { Apps, teal } from '../../../src/control/apps.ts';
import { ask } from '../../../src/control/migrate/ask.ts';
import { Statements, type StatementsOptions } from '../../../src/control/migrate/statements.ts';
import { emptyCorpus } from '../../../src/database/prove/corpus.ts';
import { onServers } from '../../database/server.ts';
import { app } from '../../release/story.ts';
import { atEnd } from '../../at-end.ts';
import { quiet } from '../fakes.ts';
import { forever, openStore, until } from '../help.ts';
import { dying, mute } from './deaf.ts';
import { policy, rename, secret } from './help.ts';
import { onCounting, proof, scene, sends } from './scene.ts';

interface Told {
  readonly app: string;
  readonly why: string;
}

/** Looks at apps with these databases, of which nothing runs. */
async function looking(
  t: TestContext,
  urls: Readonly<Record<string, DatabasePolicy['url']>>,
  more: Partial<StatementsOptions> = {},
): Promise<{ readonly statements: Statements; readonly said: readonly Told[]; readonly apps: Apps }> {
  const store = await openStore(t);
  const apps = await Apps.load(store, Date.now);
  for (const [name, url] of Object.entries(urls)) {
    const config = { ...app(), name, database: policy({ url, proof: proof() }) };
    await apps.submit(name, { type: 'apply', config }, teal);
  }
  const said: Told[] = [];
  const log = { warn: (about: Told) => void said.push(about) } as unknown as typeof quiet;
  const migrations = { progress: () => null };
  const statements = new Statements({ store, apps, migrations, now: Date.now, log, ...more }).start();
  atEnd(t, () => statements.close());
  return { statements, said, apps };
}

onServers(
  'a server that takes connections and never says a word is said once, and holds up nobody',
  async ({ url, connect }, t) => {
    const deaf = await mute(t);
    const admin = await connect();
    const { said } = await looking(
      t,
      { deaf: await secret(t, deaf.url), also: await secret(t, deaf.url), shop: await secret(t, url) },
      { everyMs: 20, lookMs: 200 },
    );
    await until('every app has been looked at', () => said.length === 3);
    await admin.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    const looks = async (): Promise<number> => {
      const { rows } = await admin.query<{ calls: string }>(
        "SELECT calls FROM pg_stat_statements WHERE query LIKE 'SELECT dealloc%'",
      );
      return Number(rows[0]?.calls ?? 0);
    };
    await until('looks at the other one go on', async () => (await looks()) > 5);
    await until('and at this one too, each on a line of its own', () => deaf.taken() > 4);
    await until('and none of them stays', () => deaf.open() <= 1);
    assert.deepEqual(said.map((each) => each.app).toSorted(), ['also', 'deaf', 'shop']);
    for (const { why } of said.filter((each) => each.app !== 'shop'))
      assert.match(why, /^The database deaf at 127\.0\.0\.1:\d+ did not answer within 0\.2 s$/);
  },
  [18],
  { shared_preload_libraries: 'pg_stat_statements' },
);

onServers(
  'a line that goes dead in the middle of a look ends that look',
  async ({ url, connect }, t) => {
    await (await connect()).query('CREATE EXTENSION pg_stat_statements');
    const deaf = await dying(t, url, 'pg_stat_statements_info');
    const { statements, said } = await looking(
      t,
      { shop: await secret(t, deaf.url) },
      { everyMs: 20, lookMs: 300 },
    );
    await assert.rejects(statements.look('shop'), { code: 'database-unavailable' });
    await until('it is looked at again', () => deaf.taken() > 3);
    await until('no line is left open', () => deaf.open() <= 1);
    assert.equal(said.length, 1);
    await assert.rejects(
      ask({ url: deaf.url, withinMs: 300, signal: forever }, (session) =>
        session.query('SELECT 1, $1::text', ['pg_stat_statements_info']),
      ),
      { code: 'database-unavailable' },
    );
  },
  [18],
  { shared_preload_libraries: 'pg_stat_statements' },
);

onServers(
  'a server that does not hear a goodbye is left',
  async ({ url }, t) => {
    const deaf = await dying(t, url, 'never said');
    await ask({ url: deaf.url, withinMs: 300, signal: forever }, async (session) => {
      await session.query('SELECT 1');
      deaf.silence();
    });
    await until('the line is closed', () => deaf.open() === 0);
  },
  [18],
);

test('who ends while a server does not answer leaves it', async (t) => {
  const deaf = await mute(t);
  const { statements } = await looking(
    t,
    { deaf: await secret(t, deaf.url) },
    { everyMs: 20, lookMs: 60_000 },
  );
  await until('it is asked', () => deaf.open() === 1);
  await statements.close();
  await until('the line is closed', () => deaf.open() === 0, 5000);
});

onCounting(
  'a version gets what was sent until the very moment in which another one takes its place',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin, as } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    const { store, apps, migrations, now } = shop.deps;
    const statements = new Statements({
      store,
      apps,
      migrations,
      now,
      log: quiet,
      everyMs: 3_600_000,
    }).start();
    atEnd(t, () => statements.close());
    const seen = (running: object): Promise<boolean> =>
      until('that was looked at', async () => {
        const counting = (await store.statements.read('shop')).get('') as { running: object } | undefined;
        return JSON.stringify(counting?.running) === JSON.stringify(running);
      });
    await statements.look('shop');
    const first = await as('blue');
    await first.query('SELECT id FROM users');
    await shop.deploy('v2', null);
    await shop.goLive();
    await seen({ blue: null, green: 'v2' });
    await shop.deploy('v3', null);
    await shop.goLive();
    await seen({ blue: 'v3', green: null });
    await first.query('SELECT name FROM users');
    await first.end();
    await statements.look('shop');
    const sent = async (version: string): Promise<readonly string[]> =>
      (await statements.of('shop', version)).statements.map(({ text }) => text);
    assert.deepEqual(
      [await sent('v1'), await sent('v2'), await sent('v3')],
      [['SELECT id FROM users'], [], ['SELECT name FROM users']],
    );
  },
  [18],
);

onCounting(
  'when as much is known of a version as is kept, what is new is kept at the look that has seen it',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    const { store, apps, migrations, now } = shop.deps;
    const full = Array.from({ length: 5000 }, (_, at) => ({
      text: `SELECT ${at} FROM users`,
      calls: 1000,
      role: null,
      searchPath: null,
    }));
    const counted = { at: 1, running: { blue: 'v1', green: null }, aloneSince: 1, counters: {} };
    await store.statements.save(
      'shop',
      1,
      new Map<string, unknown>([
        ['', { ...counted, resetAt: null, thrownOut: 0 }],
        ['v1', { ...emptyCorpus, statements: full }],
      ]),
    );
    const statements = new Statements({ store, apps, migrations, now, log: quiet });
    await sends({ ...there, shop }, 'blue', 'SELECT feeling FROM users');
    await statements.look('shop');
    const kept = (await store.statements.read('shop')).get('v1') as typeof emptyCorpus;
    assert.equal(kept.statements.length, 5000);
    assert.equal(kept.statements.at(-1)?.text, 'SELECT feeling FROM users');
    await statements.close();
  },
  [18],
);

onCounting(
  'what versions of an app have sent goes with the app, whatever look is under way, and another one of its name begins anew',
  async (server, t) => {
    const there = await scene(t, server);
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    const { store, apps, migrations, now } = shop.deps;
    const saving = Promise.withResolvers<void>();
    const held = {
      read: store.statements.read.bind(store.statements),
      apps: store.statements.apps.bind(store.statements),
      forget: store.statements.forget.bind(store.statements),
      keepOnly: store.statements.keepOnly.bind(store.statements),
      // A store that is far away: what was asked of it while the app was there comes after it has gone.
      save: async (...given: Parameters<typeof store.statements.save>) => {
        await saving.promise;
        await store.statements.save(...given);
      },
    };
    const statements = new Statements({
      store: { statements: held },
      apps,
      migrations,
      now,
      log: quiet,
      everyMs: 3_600_000,
    }).start();
    atEnd(t, () => statements.close());
    atEnd(t, () => saving.resolve());
    await sends(there, 'blue', 'SELECT name FROM users');
    assert.ok((await store.statements.read('shop')).has('v1'));
    const look = statements.look('shop');
    await until('it was seen', async () => (await statements.of('shop', 'v1')).statements.length > 0);
    await apps.submit('shop', { type: 'remove' }, teal);
    const drain = { finished: 0, cut: 0, seconds: 0 };
    await apps.submit('shop', { type: 'environment-stopped', colour: 'blue', drain }, teal);
    assert.equal(apps.state('shop').config, null);
    assert.deepEqual(await store.statements.apps(), [], 'in the transaction of its last event');
    saving.resolve();
    await look;
    assert.deepEqual((await statements.of('shop', 'v1')).statements, []);
    assert.deepEqual(await store.statements.apps(), []);
  },
  [18],
);

test('what an app of before has left is forgotten at the next start', async (t) => {
  const store = await openStore(t);
  await store.statements.save('gone', 1, new Map([['v1', emptyCorpus]]));
  const apps = await Apps.load(store, Date.now);
  const migrations = { progress: () => null };
  const statements = new Statements({ store, apps, migrations, now: Date.now, log: quiet }).start();
  atEnd(t, () => statements.close());
  await until('it is forgotten', async () => (await store.statements.apps()).length === 0);
});

onCounting(
  'a session that an earlier version of the live environment has left keeps contract waiting, and its own do not',
  async (server, t) => {
    const there = await scene(t, server, { proof: null });
    const { shop } = there;
    const old = await there.as('blue');
    await shop.releases('v2', rename);
    const contracting = shop.migrates('contract');
    const waits = (): boolean => shop.deps.migrations.progress('shop')?.state === 'waiting';
    await until('it waits', waits);
    await shop.deploy('v3', rename);
    await shop.goLive();
    assert.equal(shop.deps.apps.state('shop').live, 'blue');
    // Who was there before is told only from what is older than clocks may differ: as if that had been a while ago.
    Object.assign(shop.deps, { now: () => Date.now() - 10_000 });
    const own = await there.as('blue');
    const { at } = shop.deps.migrations.progress('shop') ?? { at: 0 };
    await until('it has looked again', () => (shop.deps.migrations.progress('shop')?.at ?? 0) > at + 2000);
    assert.ok(waits());
    await old.end();
    await contracting;
    assert.equal(shop.migration.stage, 'contracted');
    await own.end();
  },
  [18],
);

/** What a person finds in the log. */
function hearing(deps: object): readonly string[] {
  const said: string[] = [];
  const log = { warn: (_: object, what: string) => void said.push(what), debug: () => undefined };
  Object.assign(deps, { log });
  return said;
}

onCounting(
  'without roles contract says that it cannot tell old sessions, which may be, and what is tried in their place',
  async (server, t) => {
    const there = await scene(t, server, { roles: null });
    const { shop, admin, as } = there;
    await admin.query("CREATE EXTENSION pg_stat_statements; SET application_name = 'console'");
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.releases('v2', rename);
    await shop.deps.statements.look('shop');
    const old = await as('blue');
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    const said = hearing(shop.deps);
    // As if v2 had only just come.
    const { since = 0 } = shop.deps.apps.state('shop').environments.green ?? {};
    Object.assign(shop.deps, { now: () => since - 10_000 });
    await shop.migrates('contract');
    assert.equal(shop.migration.stage, 'contracted', shop.migration.failed?.message ?? 'it has not failed');
    assert.match(
      said.join('\n'),
      /database\.roles gives each environment of shop no role of its own.*Begun before v2 and still open: process \d+ \(postgres, console\).*, and 1 more\. In their place all is tried that anybody sends/,
    );
    assert.match(
      shop.migration.proofs.contract?.says ?? '',
      /Sessions of the old version were not waited for: without database\.roles/,
    );
    await old.end();
  },
  [18],
);

onCounting(
  'without roles and without proof contract says that nothing is tried in place of waiting for sessions',
  async (server, t) => {
    const there = await scene(t, server, { roles: null, proof: null });
    const { shop } = there;
    await shop.releases('v2', rename);
    const said = hearing(shop.deps);
    await shop.migrates('contract');
    assert.match(
      said.join('\n'),
      /None that is open was begun before v2\. Nothing is tried in their place, since proof is off/,
    );
    assert.match(shop.migration.proofs.contract?.says ?? '', /proof is off\. Sessions of the old version/);
  },
  [18],
);

onCounting(
  'without roles contract waits until one version is alone, and says why',
  async (server, t) => {
    const there = await scene(t, server, { roles: null });
    const { shop, admin } = there;
    await admin.query('CREATE EXTENSION pg_stat_statements');
    await sends(there, 'blue', 'SELECT name FROM users WHERE id = 7');
    await shop.releases('v2', rename);
    await sends(there, 'green', 'SELECT full_name FROM users WHERE id = 7');
    Object.assign(shop.deps.statements, { aloneMs: 3_600_000 });
    const contracting = shop.migrates('contract');
    const waitsFor = (what: string): Promise<boolean> =>
      until(what, () => shop.deps.migrations.progress('shop')?.what === what);
    await waitsFor('to see what v2 sends');
    await shop.deploy('v3', rename);
    await shop.deps.apps.submit('shop', { type: 'tick' }, teal);
    await waitsFor('for one of v3 and v2 to be alone');
    assert.match(shop.deps.migrations.progress('shop')?.why ?? '', /database\.roles.*proof\.corpus/);
    await shop.goLive();
    await waitsFor('to see what v3 sends');
    await sends(there, 'blue', 'SELECT full_name, id FROM users');
    Object.assign(shop.deps.statements, { aloneMs: 100 });
    await contracting;
    assert.equal(shop.migration.stage, 'contracted', shop.migration.failed?.message ?? 'it has not failed');
  },
  [18],
);
