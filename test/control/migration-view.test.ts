/** What people see of a migration that belongs to a release. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DatabasePolicy, Phase } from '../../src/config/database.ts';
import type { App } from '../../src/config/config.ts';
import { partOf, sayProgress } from '../../src/control/view/progress.ts';
import type { MigrationProgress } from '../../src/control/migrate/contract.ts';
import { moodOf } from '../../src/control/board/mood.ts';
import { renderApp } from '../../src/cli/render/status.ts';
import { didOf, noteOf } from '../../src/control/view/did.ts';
import { appStatus } from '../../src/control/view/status.ts';
import { TealError } from '../../src/errors.ts';
import { decide } from '../../src/release/decide.ts';
import type { Decided } from '../../src/release/decision.ts';
import { harmAhead } from '../../src/release/migrate-harm.ts';
import type { ProofSummary } from '../../src/release/state.ts';
import { app, build, green, stored, Story } from '../release/story.ts';

const withDatabase = (more: Partial<DatabasePolicy> = {}): App =>
  stored({ url: null, migrations: null, contract: 'manual', ...more });

const renaming = { name: '0007-rename', phases: ['expand', 'backfill', 'undo', 'contract'] } as const;

const going: MigrationProgress = {
  phase: 'backfill',
  step: 2,
  of: 3,
  what: 'users.full_name',
  state: 'running',
  why: null,
  seen: 410,
  total: 1000,
  etaMs: 170_000,
  at: 0,
};

/** v1 is live, and v2 has begun with its migration. */
function migrating(more: Partial<DatabasePolicy> = {}): Story {
  const spec = withDatabase(more);
  const story = new Story(spec);
  story.goesLive('v1', spec);
  story.does({ type: 'deploy', build: { ...build('v2', spec), migration: renaming }, promote: null });
  return story;
}

const passes = (story: Story, phase: Phase): string[] =>
  story.does({ type: 'phase-passed', migration: '0007-rename', round: 1, phase, steps: 3, ran: 3, ms: 40 });

const fails = (story: Story, phase: Phase): string[] => {
  const error = new TealError('lock-not-granted', 'users was locked for 10 min\nby anna', {
    remedy: 'end it',
  });
  return story.does({
    type: 'phase-failed',
    migration: '0007-rename',
    round: 1,
    phase,
    error: error.toJSON(),
  });
};

/** v2 has everyone, and v1 is kept for a way back. */
function promoted(more: Partial<DatabasePolicy> = {}, story = migrating(more)): Story {
  passes(story, 'expand');
  passes(story, 'backfill');
  story.isReady();
  story.isReady();
  story.routersHaveIt();
  story.isDrained();
  return story;
}

/** v1 is gone. */
function settled(more: Partial<DatabasePolicy> = {}, story = promoted(more)): Story {
  story.later(3_600_000);
  story.hasStopped();
  return story;
}

const of = (story: Story, progress: MigrationProgress | null = null) =>
  appStatus(story.state, { instances: [], router: null, base: null, migrating: () => progress });

const told = (story: Story, progress: MigrationProgress | null = null): readonly unknown[] => {
  const { migration, next } = of(story, progress);
  return [migration?.stage, migration?.says, next];
};

const watching = 'teal status shop --watch';

describe('the status of a migration', () => {
  test('says what is done before the candidate starts, and what holds it', () => {
    const story = migrating();
    assert.deepEqual(told(story), ['expanding', 'expand is about to begin', watching]);
    const expand = {
      ...going,
      phase: 'expand',
      step: 2,
      what: 'CREATE INDEX',
      seen: null,
      total: null,
      etaMs: null,
    };
    assert.equal(of(story, expand as MigrationProgress).migration?.says, 'expand 2/3: CREATE INDEX');
    assert.equal(
      of(story, going).migration?.says,
      'expand is about to begin',
      'what is known of another phase is old',
    );
    passes(story, 'expand');
    assert.deepEqual(told(story, going), [
      'backfilling',
      'backfill 2/3 41 %, 3 min left: users.full_name',
      watching,
    ]);
    story.does({ type: 'pause' });
    assert.deepEqual(told(story).slice(1), ['goes on when v2 is resumed', 'teal resume shop']);
    story.does({ type: 'resume' });
    story.does({ type: 'freeze', reason: null });
    assert.deepEqual(told(story).slice(1), ['goes on when the freeze ends', 'teal unfreeze shop']);
  });

  test('says what contract waits for: the window, then whoever may say it', () => {
    const story = promoted();
    const { migration, rollback } = of(story);
    assert.equal(migration?.says, 'contract waits for the rollback window: v1 is kept for a way back');
    assert.equal(migration?.until, story.now + 3_600_000);
    assert.equal(rollback?.harm, null);
    story.later(3_600_000);
    assert.equal(of(story).migration?.says, 'contract waits until v1 is gone for good');
    story.hasStopped();
    const asks = ['ready', 'no older version runs any more: teal db contract shop', 'teal db contract shop'];
    assert.deepEqual(told(story), asks);
    assert.equal(of(story).migration?.command, 'contract');
    story.does({ type: 'contract' });
    assert.deepEqual(told(story), ['contracting', 'contract is about to begin', watching]);
    story.refusesPhase();
    assert.deepEqual(told(story), ['ready', 'contract failed: it breaks v1', 'teal db contract shop']);
    assert.equal(of(story).rollback?.harm ?? null, null, 'nothing was taken away');
    story.does({ type: 'contract' });
    passes(story, 'contract');
    assert.deepEqual(told(story), [
      'contracted',
      'contracted: v1 does not know the database any more',
      'teal deploy shop <version>',
    ]);
    assert.match(of(story).rollback?.harm ?? '', /contracted \(0007-rename\): statements of v1 may fail/);
  });

  test('says who contract waits for after a rollback past the window: what is live, which no window ends', () => {
    const story = settled();
    story.does({ type: 'rollback', reason: null });
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    story.isDrained();
    assert.equal(story.status, 'promoted');
    const { version, migration } = of(story);
    assert.equal(version, 'v1');
    assert.equal(migration?.says, 'contract waits until v1, which is live, is gone for good');
    assert.equal(migration.until, null);
  });

  test('says what contract waits for where the version before knows the database, too', () => {
    const story = settled();
    story.migratesLive({ ...build('v3', withDatabase()), migration: renaming });
    assert.equal(story.status, 'promoted');
    assert.equal(of(story).migration?.says, 'contract waits until the release has ended');
  });

  test('who has gone back over a contract is told so, from the moment that the old version is started', () => {
    const story = settled();
    story.does({ type: 'contract' });
    passes(story, 'contract');
    assert.equal(of(story).harm, null);
    const harm =
      'the database was contracted (0007-rename): statements of v1 may fail on it, until one that fits is live: teal deploy shop <version>';
    const order = { type: 'rollback', reason: null } as const;
    const { harm: said } = decide(story.state, order, { now: story.now, actor: 'user:anna' });
    assert.equal(said, harm.split(', until')[0]);
    story.does(order);
    assert.equal(of(story).harm, harm);
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    story.isDrained();
    assert.deepEqual([of(story).version, of(story).harm], ['v1', harm]);
    const text = renderApp(of(story), { width: 60, colour: false, now: story.now });
    const line =
      / database {2}0007-rename {2}contracted\n {12}! the database was contracted \(0007-rename\):\n/;
    assert.match(text, line);
    assert.match(text, / live: teal deploy shop <version>$/m);
    assert.equal(text.split('contracted').length, 3, 'once');
    assert.deepEqual(moodOf(of(story), { errors: 0 }), ['trouble', harm]);
  });

  test('a contract that has failed waits for its command, whatever teal.yaml says', () => {
    const story = settled({ contract: 'auto' });
    story.later(0);
    assert.equal(story.state.migration?.stage, 'contracting');
    fails(story, 'contract');
    assert.deepEqual(told(story), [
      'contracting',
      'contract failed: users was locked for 10 min',
      'teal db contract shop',
    ]);
    story.does({ type: 'contract' });
    assert.equal(of(story).migration?.failed, null);
  });

  test('a version that was taken back leaves two ways, and an undo goes on until it is done', () => {
    const story = promoted();
    story.does({ type: 'rollback', reason: null });
    story.routersHaveIt();
    story.hasStopped();
    assert.equal(of(story).migration?.says, 'v2 is gone: deploy it again, or teal db undo shop');
    story.does({ type: 'undo' });
    fails(story, 'undo');
    assert.deepEqual(told(story).slice(1), ['undo failed: users was locked for 10 min', 'teal db undo shop']);
    story.does({ type: 'undo' });
    passes(story, 'undo');
    assert.deepEqual(told(story).slice(0, 2), ['undone', 'undone: the database is as it was before']);
  });

  test('a release that failed at the database is tried again', () => {
    const story = migrating();
    fails(story, 'expand');
    story.hasStopped();
    const { migration, release, next } = of(story);
    assert.deepEqual(
      [migration?.command, release?.error?.code, next],
      [null, 'lock-not-granted', 'teal retry shop'],
    );
  });

  test('a proof says no more once the migration is contracted or undone, but for the last one', () => {
    const unknown = { ...green, outcome: 'unknown', says: 'nothing is known of v1' } as const;
    const prove = (story: Story, before: 'expand' | 'contract', proof: ProofSummary): string[] =>
      story.does({ type: 'migration-proved', migration: '0007-rename', round: 1, before, proof });
    const proofs = (story: Story) => of(story).migration?.proofs;

    const begun = (): Story => {
      const story = migrating();
      prove(story, 'expand', unknown);
      return promoted({}, story);
    };
    const contracting = settled({}, begun());
    assert.deepEqual(proofs(contracting), { expand: unknown });
    contracting.does({ type: 'contract' });
    prove(contracting, 'contract', green);
    assert.deepEqual(proofs(contracting), { expand: unknown, contract: green });
    passes(contracting, 'contract');
    assert.deepEqual(proofs(contracting), { contract: green });

    const undoing = begun();
    undoing.does({ type: 'rollback', reason: null });
    undoing.routersHaveIt();
    undoing.hasStopped();
    undoing.does({ type: 'undo' });
    assert.deepEqual(proofs(undoing), { expand: unknown });
    passes(undoing, 'undo');
    assert.deepEqual(proofs(undoing), {});
  });

  test('going back is told to do harm before anybody is on the new version, and while they are', () => {
    const story = migrating({ rollback: 'unsafe' });
    const harm = 'v1 cannot live with what v2 writes: teal.yaml says so: apps.shop.database.rollback';
    assert.deepEqual(
      [of(story).rollback?.harm, of(story).migration?.unsafe],
      [harm, harm.split('writes: ')[1]],
    );
    assert.equal(of(promoted({ rollback: 'unsafe' })).rollback?.harm, harm);
    const proven = migrating();
    const proof = { ...green, unsafe: 'v1 reads status as an integer' };
    proven.does({ type: 'migration-proved', migration: '0007-rename', round: 1, before: 'expand', proof });
    assert.match(of(proven).rollback?.harm ?? '', /v1 reads status as an integer$/);
    const back = { type: 'rollback', reason: null } as const;
    for (const [at, before] of [
      ['the candidate', migrating({ rollback: 'unsafe' })],
      ['live', promoted({ rollback: 'unsafe' })],
    ] as const)
      assert.equal(decide(before.state, back, { now: before.now, actor: 'user:anna' }).harm, harm, at);
  });

  test('what waits for its turn says at once that going back from it will do harm', () => {
    const spec = withDatabase({ rollback: 'unsafe' });
    const story = new Story(app());
    story.goesLive('v1', app());
    const asks = (version: string): Decided => {
      const wanted = { ...build(version, spec), migration: renaming };
      const command = { type: 'deploy', build: wanted, promote: null, onConflict: 'queue' } as const;
      const answer = decide(story.state, command, { now: story.now, actor: 'user:anna' });
      assert.ok(answer.events);
      return answer;
    };
    assert.match(asks('v2').harm ?? '', /^v1 cannot read what v2 writes \(database\.rollback: unsafe\)/);
    story.does({ type: 'deploy', build: build('v2'), promote: null });
    const queued = asks('v3');
    assert.match(queued.note ?? '', /^v3 is deployed when shop-2 has ended$/);
    assert.match(queued.harm ?? '', /^the version before it cannot read what v3 writes/);
    assert.equal(didOf(queued), `${queued.note}; ${queued.harm}`);
    assert.equal(noteOf(queued), didOf(queued));
    story.does({
      type: 'deploy',
      build: { ...build('v3', spec), migration: renaming },
      promote: null,
      onConflict: 'queue',
    });
    assert.equal(of(story).queued?.harm, queued.harm);
    const text = renderApp(of(story), { width: 120, colour: false, now: story.now });
    assert.match(text, /^ {2}queued {4}v3 .*\n {12}! the version before it cannot read what v3 writes/m);
  });

  test('a repaired version of one that is live does no harm that is not done already', () => {
    const story = promoted({ rollback: 'unsafe' });
    const again = { ...build('v3', withDatabase({ rollback: 'unsafe' })), migration: renaming };
    assert.equal(harmAhead(story.state, again), null);
  });
});

test('progress is one line, with how far, how long, and why it stands', () => {
  assert.equal(
    sayProgress({ ...going, step: 0, of: 0, what: 'proving', seen: null, total: null, etaMs: null }),
    'backfill: proving',
  );
  assert.equal(
    sayProgress({ ...going, state: 'paused', why: 'p99 is 900 ms' }),
    'backfill 2/3 41 %: users.full_name; paused: p99 is 900 ms',
  );
  assert.equal(partOf({ ...going, seen: 1200 }), 1, 'rows come while it counts');
  assert.equal(partOf({ ...going, total: 0 }), null);
});
