/** The app of examples/database in a world of its own: v1 live, users in its table, and people who write them by whichever version. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { buildUsers, versions } from '../../examples/database/build.ts';
import { letIn, type Crowd } from '../../examples/database/crowd.ts';
import { Ledger } from '../../examples/database/ledger.ts';
import { columnsOf, seed, startDatabase, tableOf, type Database } from '../../examples/database/postgres.ts';
import { unreadable } from '../../examples/database/sweep.ts';
import { watch, type Watch } from '../../examples/database/watch.ts';
import type { AppStatus, MigrationView } from '../../src/control/contract.ts';
import { World, type Settings } from './harness.ts';
import { longPatienceMs } from './until.ts';

/** Enough that the backfill takes more than one batch. */
const usersBefore = 8_000;
/** Of the one that v2 brings. */
export const migration = '0002-full-name';
export const oldColumns: readonly string[] = ['id', 'email', 'name', 'revision'];
export const bothColumns: readonly string[] = [...oldColumns, 'full_name', 'locale'];
export const newColumns: readonly string[] = bothColumns.filter((name) => name !== 'name');

export class Users implements AsyncDisposable {
  readonly world: World;
  readonly client: Client;
  readonly ledger: Ledger;
  readonly crowd: Crowd;
  readonly #database: Database;
  readonly #both: Watch;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    parts: { world: World; database: Database; client: Client; both: Watch; ledger: Ledger },
  ) {
    this.#stack = stack;
    this.#database = parts.database;
    this.#both = parts.both;
    this.world = parts.world;
    this.client = parts.client;
    this.ledger = parts.ledger;
    this.crowd = letIn({ url: parts.world.url, ledger: parts.ledger });
    // Whoever asks is gone before what is asked.
    stack.defer(async () => void (await this.crowd.stop()));
  }

  static async live(): Promise<Users> {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await startDatabase());
    const world = stack.use(await World.create(settings(database)));
    // The app stands on `pg`, as any app that was installed.
    symlinkSync(
      path.resolve(import.meta.dirname, '../../node_modules'),
      path.join(world.folder, 'node_modules'),
    );
    for (const version of versions) await buildUsers(version, path.join(world.folder, 'versions', version));
    await world.up();
    await world.deploy('v1', { promote: 'auto' });
    // Nothing of what is sabotaged keeps it from that, but a busy machine may be slow.
    await world.promoted('v1', { patienceMs: longPatienceMs });
    await world.apply(settings(database, { steps: '[{ expose: { percent: 50, for: 1h } }]' }));
    const client = await database.connect();
    stack.defer(() => client.end());
    const both = watch(await database.connect());
    stack.defer(async () => void (await both.stop()));
    const ledger = new Ledger(await seed(client, usersBefore));
    const users = new Users(stack.move(), { world, database, client, both, ledger });
    return users;
  }

  /** Of releases from now on. */
  async window(time: string): Promise<void> {
    const release = { steps: '[{ expose: { percent: 50, for: 1h } }]', 'rollback-window': time };
    await this.world.apply(settings(this.#database, release));
  }

  /** Until half of the people are on v2, which was at the database only when its rows were filled. */
  async canary(): Promise<void> {
    await this.world.deploy('v2');
    await this.world.reaches('half of the people on v2', ({ release }) => release?.exposed.length === 1, {
      patienceMs: 2 * longPatienceMs,
    });
    const { rows } = await this.client.query<{ early: number; filled: boolean }>(
      `SELECT count(*)::int AS early, bool_and(filled.at IS NOT NULL) AS filled
       FROM pg_stat_activity, (SELECT max(finished_at) AS at FROM _teal.phase WHERE migration = $1 AND phase = 'backfill') AS filled
       WHERE application_name = 'users v2' AND (filled.at IS NULL OR backend_start < filled.at)`,
      [migration],
    );
    assert.equal(rows[0]?.early, 0, 'v2 was at the database before its rows were filled');
  }

  async stage(stage: MigrationView['stage']): Promise<AppStatus> {
    return await this.world.reaches(
      `${migration} ${stage}`,
      (app) => app.migration?.name === migration && app.migration.stage === stage,
    );
  }

  async has(columns: readonly string[], when: string): Promise<void> {
    assert.deepEqual(await columnsOf(this.client), columns, `the columns ${when}`);
  }

  /** Whoever is on this side reads what either has written. */
  async readsAll(who: string): Promise<number> {
    const emails = this.ledger.localised;
    assert.ok(emails.length > 20, `${emails.length} rows of v2 prove little`);
    const wrong = await unreadable(this.crowd, this.ledger, emails);
    assert.equal(wrong, 0, `${wrong} of ${emails.length} rows of v2 cannot be read by ${who}`);
    return emails.length;
  }

  /** Everybody goes, and what they know is compared with the table. */
  async settle(): Promise<void> {
    const { sent, failed, problems, versions: answers } = await this.crowd.stop();
    const { looks, divergent } = await this.#both.stop();
    const account = this.ledger.account(await tableOf(this.client));
    const { writes, lost, wrong, examples } = account;
    process.stdout.write(`${JSON.stringify({ sent, failed, ...answers, looks, divergent, ...account })}\n`);
    assert.equal(failed, 0, `${failed} of ${sent} requests failed: ${problems.join('; ')}`);
    assert.equal(divergent, 0, `${divergent} rows differed, in ${looks} looks at both columns`);
    assert.equal(lost, 0, `${lost} of ${writes} writes are lost: ${examples.join('; ')}`);
    assert.equal(wrong, 0, `${wrong} answers were wrong: ${examples.join('; ')}`);
    assert.ok(looks > 20, `both columns were compared ${looks} times, which proves little`);
    for (const version of versions)
      assert.ok((answers[version] ?? 0) > 200, `${version} answered ${answers[version]} of ${sent} requests`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function settings({ app, deployer }: Database, release: Readonly<Record<string, string>> = {}): Settings {
  return {
    command: 'server.ts',
    instances: 1,
    tests: ['http: /users/nobody%40example.com\n          status: 404'],
    environment: `DATABASE_URL: "${app}"`,
    release,
    app: {
      judge: 'off',
      identity: '{ sources: [{ header: x-user, from: anyone }] }',
      database: `{ url: "${deployer}", migrations: db, roles: { blue: app_blue, green: app_green } }`,
    },
  };
}
