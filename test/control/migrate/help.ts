/** An app whose versions bring migrations, on the parts of Teal that its effects need. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { phases, type DatabasePolicy, type Phase } from '../../../src/config/database.ts';
import type { App, Role } from '../../../src/config/config.ts';
import { teal } from '../../../src/control/apps.ts';
import { perform } from '../../../src/control/effects/perform.ts';
import { effects, type Effect } from '../../../src/release/effects.ts';
import type { Event } from '../../../src/release/events.ts';
import type { Build, Migration } from '../../../src/release/state.ts';
import { app, databasePolicy } from '../../release/story.ts';
import { fakeDeps, type FakeDeps } from '../fakes.ts';
import { forever, scratch } from '../help.ts';

/** With less patience, so that a test need not have it. */
export const policy = (more: Partial<DatabasePolicy> = {}): DatabasePolicy =>
  databasePolicy({ url: null, lockTimeoutMs: 100, lockDeadlineMs: 20_000, ...more });

/** Renames `users.name` in steps that both versions can live with; without `undo` there is no way back from expand. */
export const rename = {
  expand: 'ALTER TABLE users ADD COLUMN full_name text;',
  backfill: 'UPDATE users SET full_name = name WHERE full_name IS NULL;',
  contract: 'ALTER TABLE users DROP COLUMN name;',
};

/** The URL in a file of its own, as a secret stands in one. */
export async function secret(t: TestContext, url: string): Promise<DatabasePolicy['url']> {
  const file = path.join(await scratch(t), 'url');
  await writeFile(file, `${url}\n`);
  return { kind: 'secret', source: 'file', name: file };
}

export class Shop {
  readonly deps: FakeDeps;
  /** Where its versions lie. */
  readonly #root: string;
  readonly #spec: App;

  private constructor(root: string, deps: FakeDeps, spec: App) {
    [this.#root, this.deps, this.#spec] = [root, deps, spec];
  }

  /** Its first version, which knows of no migration, is live. */
  static async open(
    t: TestContext,
    database: DatabasePolicy,
    environment: Role['environment'] = {},
  ): Promise<Shop> {
    const root = await scratch(t);
    const spec: App = {
      ...app({ rollbackWindowMs: 0 }, [{ directory: `${root}/{version}`, environment }]),
      database,
    };
    const shop = new Shop(root, await fakeDeps(t, spec), spec);
    await shop.deploy('v1', null);
    await shop.goLive();
    return shop;
  }

  get migration(): Migration {
    const { migration } = this.deps.apps.state('shop');
    assert.ok(migration);
    return migration;
  }

  get status(): string | undefined {
    return this.deps.apps.state('shop').release?.status;
  }

  /** Where the files of a version lie. */
  folder(version: string): string {
    return path.join(this.#root, version);
  }

  /** Deploys a version with these files of one migration; commands of teal.yaml are phases, too. */
  async deploy(
    version: string,
    files: Partial<Record<Phase, string>> | null,
    name = '0001-change',
  ): Promise<string> {
    const directory = this.folder(version);
    const folder = path.join(directory, 'db', name);
    await mkdir(folder, { recursive: true });
    for (const [phase, sql] of Object.entries(files ?? {}))
      await writeFile(path.join(folder, `${phase}.sql`), sql);
    const run = this.#spec.database?.run ?? {};
    const has = phases.filter((phase) => files?.[phase] !== undefined || run[phase] !== undefined);
    const migration = files === null ? {} : { migration: { name, phases: has } };
    const build: Build = { version, directory: null, spec: this.#spec, ...migration };
    await this.deps.apps.submit('shop', { type: 'deploy', build, promote: null }, teal);
    return directory;
  }

  /** A person asks for it. */
  async asks(type: 'contract' | 'undo'): Promise<void> {
    await this.deps.apps.submit('shop', { type }, teal);
  }

  wished(): (Effect & { kind: 'migrate' }) | null {
    const all = effects(this.deps.apps.state('shop'));
    return all.find((each): each is Effect & { kind: 'migrate' } => each.kind === 'migrate') ?? null;
  }

  /** Does what is wished of the database now. */
  async migrates(phase: Phase, signal = forever): Promise<void> {
    const effect = this.wished();
    assert.equal(effect?.phase, phase);
    await perform(this.deps, 'shop', effect as Effect, signal);
  }

  /** The candidate starts, gets everybody, and what was before it goes. */
  async goLive(): Promise<void> {
    await this.#goesTo('completed');
  }

  /** Deploys a version whose migration goes well, until it is live and what was before it is gone: only contract is left. */
  async releases(version: string, files: Partial<Record<Phase, string>>): Promise<string> {
    const directory = await this.deploy(version, files);
    await this.migrates('expand');
    await this.migrates('backfill');
    await this.goLive();
    return directory;
  }

  /** What was given up goes. */
  async goAway(): Promise<void> {
    await this.#goesTo('aborted');
  }

  async #goesTo(end: string): Promise<void> {
    const { release } = this.deps.apps.state('shop');
    assert.ok(release);
    for (let turns = 0; turns < 20; turns++) {
      const { status } = this;
      if (status === end && this.deps.apps.state('shop').release?.endedAt !== null) return;
      for (const effect of effects(this.deps.apps.state('shop')))
        if (effect.kind !== 'migrate' && effect.kind !== 'wake')
          await perform(this.deps, 'shop', effect, forever);
      await this.deps.apps.submit('shop', { type: 'tick' }, teal);
    }
    assert.fail(`it stays ${this.status}`);
  }

  /** What has happened to the database, oldest first. */
  async events(): Promise<readonly Event[]> {
    const events = await this.deps.store.read('shop', 0);
    return events
      .map(({ type, data }) => ({ ...(data as object), type }) as Event)
      .filter(({ type }) => /migrat|phase|contract|undo/.test(type));
  }
}
