import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterJump, clockJumped } from '../../src/release/clock.ts';
import { effects } from '../../src/release/effects.ts';
import { build, migrating, stored, Story } from './story.ts';

/** What is worked at in the database: the phase, or nothing. */
const phase = ({ state }: Story): string | null =>
  effects(state).find((effect) => effect.kind === 'migrate')?.phase ?? null;

const rollback = { type: 'rollback', reason: null } as const;
const manual = stored({ contract: 'manual' });
const v2 = migrating('v2', '0001_name', { spec: manual });

function withV1(spec = manual): Story {
  const story = new Story(spec);
  story.goesLive('v1', spec);
  return story;
}

/** v2 is live, v1 is gone, and nothing is contracted. */
function settled(spec = manual): Story {
  const story = withV1(spec);
  story.migratesLive(migrating('v2', '0001_name', { spec }));
  story.windowCloses();
  return story;
}

/** The release is taken back after the switch, and v2 is gone. */
function takenBack(spec = manual): Story {
  const story = withV1(spec);
  story.migratesLive(migrating('v2', '0001_name', { spec }));
  goesBack(story);
  return story;
}

function goesBack(story: Story): void {
  story.does(rollback);
  story.routersHaveIt();
  story.hasStopped();
}

/** A version is started first, and is live. */
function goesOn(story: Story): void {
  if (story.status === 'clearing') story.hasStopped();
  story.isReady();
  story.isReady();
  story.routersHaveIt();
}

test('contract by hand is refused while an old version runs, is kept warm, or is on its way', () => {
  const story = withV1();
  const says = (): string => story.refuses({ type: 'contract' }).message;
  assert.match(says(), /has no migration to contract/);
  story.deploysBuild(v2);
  assert.match(says(), /v1 still runs/);
  story.phasePasses();
  story.phasePasses();
  goesOn(story);
  assert.match(says(), /v1 still runs, and would miss what it takes away/);
  story.isDrained();
  story.later(3_600_000);
  assert.match(says(), /v1 still runs/);
  story.hasStopped();
  assert.equal(story.stage, 'ready', 'it waits for the command');
  story.does({ ...rollback });
  assert.match(says(), /a release is under way|v1 still runs/);
  story.does({ type: 'abort', reason: null });
  story.hasStopped();
  assert.deepEqual(story.does({ type: 'contract' }), ['contract-started']);
  assert.deepEqual(story.does({ type: 'contract' }), [], 'said twice');
  story.phasePasses();
  assert.deepEqual(story.does({ type: 'contract' }), []);
  assert.equal(story.refuses({ type: 'undo' }).code, 'wrong-state');
});

test('a repaired build of the old version, deployed after expand, is old, too', () => {
  const story = takenBack(stored());
  story.goesLive('v1.1', stored());
  assert.deepEqual(story.state.migration?.olds, ['v1', 'v1.1']);
  story.windowCloses();
  assert.deepEqual([story.stage, phase(story)], ['ready', null], 'v1.1 needs what contract would take');
  assert.match(story.refuses({ type: 'contract' }).message, /v1.1 still runs/);
  assert.deepEqual(story.does({ type: 'undo' }), ['undo-started'], 'and nothing of what undo takes');
});

test('a deploy of an old version that waits for its window is not contracted for', () => {
  const windows = { open: [{ days: [1], fromMinute: 540, toMinute: 600, zone: 'UTC' }], holidays: [] };
  const story = settled();
  const old = build('v1.1', stored({}, { windows }));
  assert.deepEqual(story.deploysBuild(old), ['queued']);
  story.does({ type: 'apply', config: stored() });
  assert.deepEqual([story.stage, phase(story)], ['ready', null]);
  assert.match(story.refuses({ type: 'contract' }).message, /v1.1 is deployed next/);
});

test('a contract that failed waits for the command, and goes on', () => {
  const story = settled(stored());
  assert.equal(phase(story), 'contract');
  assert.deepEqual(story.phaseFails(), ['phase-failed']);
  assert.deepEqual([story.stage, phase(story), story.later(1e9)], ['contracting', null, []]);
  const late = { migration: '0001_name', round: 1, phase: 'contract', steps: 1, ran: 1, ms: 1 } as const;
  assert.deepEqual(story.does({ type: 'phase-passed', ...late }), [], 'of the try that has failed');
  assert.deepEqual(story.does({ type: 'contract' }), ['contract-started']);
  assert.equal(phase(story), 'contract');
  story.phasePasses();
  assert.equal(story.stage, 'contracted');
});

test('a freeze holds contract and undo, and a rollback goes on', () => {
  const story = settled(stored());
  story.does({ type: 'freeze', reason: null });
  assert.equal(phase(story), null);
  assert.equal(story.refuses({ type: 'contract' }).code, 'wrong-state');
  assert.deepEqual(story.does(rollback), ['release-started', 'cleared']);
  const other = takenBack();
  other.does({ type: 'freeze', reason: null });
  assert.equal(other.refuses({ type: 'undo' }).code, 'frozen');
  other.does({ type: 'unfreeze' });
  other.does({ type: 'undo' });
  other.does({ type: 'freeze', reason: null });
  assert.equal(phase(other), null);
  other.does({ type: 'unfreeze' });
  assert.equal(phase(other), 'undo');
});

test('a rollback in the middle of contract stops it, says what it means, and the new version may come back', () => {
  const story = new Story(stored());
  const first = { phases: ['expand'] } as const;
  story.migratesLive(migrating('v1', '0000_first', first));
  story.migratesLive(migrating('v2', '0001_name'));
  story.windowCloses();
  assert.match(story.says(rollback), /contracted \(0001_name\): statements of v1 may fail/);
  story.does(rollback);
  assert.equal(phase(story), null, 'nothing is taken away from who comes');
  goesOn(story);
  story.windowCloses();
  assert.deepEqual([story.status, story.stage, phase(story)], ['completed', 'contracting', null]);
  assert.match(story.refuses({ type: 'contract' }).message, /v1 still runs/);
  assert.match(story.refuses({ type: 'undo' }).message, /contract has begun/);
  assert.equal(
    story.refuses({ type: 'deploy', build: migrating('v1.1', '0000_first', first), promote: null }).code,
    'schema-contracted',
  );
  assert.deepEqual(story.deploysBuild(migrating('v3', '0001_name')), ['release-started', 'cleared']);
  goesOn(story);
  assert.equal(phase(story), null);
  story.windowCloses();
  assert.equal(phase(story), 'contract', 'it goes on when v1 has gone again');
  story.phasePasses();
  assert.equal(story.stage, 'contracted');
});

test('what was contracted is known of old versions after later migrations, too', () => {
  const story = settled(stored());
  story.phasePasses();
  const v1 = { type: 'deploy', build: build('v1', stored()), promote: null } as const;
  assert.equal(story.refuses(v1).code, 'schema-contracted');
  story.migratesLive(migrating('v3', '0002_next', { phases: ['expand'] }));
  assert.equal(story.refuses(v1).code, 'schema-contracted');
  story.windowCloses();
  assert.equal(story.stage, 'contracted');
  assert.equal(story.refuses(v1).code, 'schema-contracted');
  assert.deepEqual(story.deploysBuild(v2), ['release-started', 'cleared'], 'v2 knows all that was taken');
});

test('a release that was aborted is not tried again on a schema that it does not know', () => {
  const story = settled();
  story.goesLive('v1.1', manual);
  goesBack(story);
  story.does({ type: 'contract' });
  assert.equal(story.refuses({ type: 'retry' }).code, 'schema-contracted');
  story.phasePasses();
  assert.equal(story.refuses({ type: 'retry' }).code, 'schema-contracted');
});

test('a version that goes back to one that was contracted for is never refused', () => {
  const story = settled(stored());
  story.phasePasses();
  assert.match(story.says(rollback), /statements of v1 may fail/);
  story.does(rollback);
  goesOn(story);
  assert.equal(story.state.lives.at(-1)?.version, 'v1');
});

test('undo by hand is refused while the new version runs, and done when it has gone', () => {
  const story = withV1();
  story.deploysBuild(v2);
  assert.match(story.refuses({ type: 'undo' }).message, /a release is under way/);
  story.phasePasses();
  story.phasePasses();
  assert.match(story.refuses({ type: 'undo' }).message, /v2 still runs/);
  story.does({ type: 'abort', reason: null });
  assert.match(story.refuses({ type: 'undo' }).message, /v2 still runs/);
  story.hasStopped();
  assert.deepEqual(story.does({ type: 'undo' }), ['undo-started']);
  assert.equal(phase(story), 'undo');
  assert.equal(story.refuses({ type: 'deploy', build: v2, promote: null }).code, 'migration-open');
  assert.deepEqual(story.deploysBuild(v2, { onConflict: 'queue' }), ['queued']);
  assert.deepEqual(story.phasePasses(), ['phase-passed', 'release-started', 'migration-started']);
});

test('undone and deployed again it is another round, in which what is told of the first changes nothing', () => {
  const story = takenBack();
  story.does({ type: 'undo' });
  story.phasePasses();
  assert.equal(story.stage, 'undone');
  assert.deepEqual(story.does({ type: 'undo' }), []);
  assert.match(story.refuses({ type: 'contract' }).message, /no migration to contract/);
  story.deploysBuild(v2);
  assert.deepEqual([story.state.migration?.round, story.stage, phase(story)], [2, 'expanding', 'expand']);
  const late = { migration: '0001_name', round: 1, phase: 'expand', steps: 1, ran: 1, ms: 1 } as const;
  assert.deepEqual(story.does({ type: 'phase-passed', ...late }), []);
  story.phasePasses();
  story.phasePasses();
  assert.equal(story.status, 'starting');
});

test('undo comes by itself when the new version is gone, however it went and whatever came after it', () => {
  const spec = stored({ undo: 'auto' });
  assert.equal(phase(takenBack(spec)), 'undo');
  const aborted = withV1(spec);
  aborted.deploysBuild(migrating('v2', '0001_name', { spec }));
  aborted.phaseFails();
  assert.deepEqual([aborted.stage, phase(aborted)], ['undoing', 'undo'], 'also what was expanded half-way');
  const replaced = withV1(spec);
  replaced.migratesLive(migrating('v2', '0001_name', { spec }));
  replaced.does(rollback);
  replaced.routersHaveIt();
  assert.deepEqual(replaced.deploysBuild(build('v1.1', spec)), ['superseded', 'release-started']);
  replaced.hasStopped();
  goesOn(replaced);
  assert.equal(phase(replaced), null, 'not while a release is under way');
  replaced.windowCloses();
  assert.equal(phase(replaced), 'undo');
  assert.notEqual(phase(settled(stored({ undo: 'auto', contract: 'manual' }))), 'undo');
});

test('an undo that failed waits for a word, back or forward', () => {
  const story = takenBack(stored({ undo: 'auto' }));
  story.phaseFails();
  assert.deepEqual([story.stage, phase(story), story.later(1e9)], ['undoing', null, []]);
  assert.deepEqual(story.does({ type: 'undo' }), ['undo-started']);
  story.phaseFails();
  assert.deepEqual(story.deploysBuild(v2), ['release-started', 'migration-started']);
  assert.deepEqual([story.stage, phase(story)], ['expanding', 'expand']);
});

test('what has no undo stays as it is, is told so, and the same migration may go on', () => {
  const story = withV1(stored({ undo: 'auto' }));
  story.deploysBuild(migrating('v2', '0001_name', { phases: ['expand', 'contract'] }));
  story.phasePasses();
  story.fails();
  story.hasStopped();
  assert.deepEqual([story.stage, phase(story)], ['ready', null]);
  assert.match(story.refuses({ type: 'undo' }).message, /it has no undo/);
  assert.match(story.refuses({ type: 'contract' }).message, /v1 still runs/);
  const refusal = story.refuses({ type: 'deploy', build: migrating('v3', '0002_next'), promote: null });
  assert.match(refusal.remedy, /a build whose newest migration is 0001_name/);
  assert.equal(story.deploysBuild(migrating('v3', '0001_name')).at(-1), 'migration-started');
});

test('a version that comes back by a rollback stops an undo, and is told what was undone', () => {
  const story = settled();
  story.goesLive('v3', manual);
  story.windowCloses();
  story.does({ type: 'undo' });
  assert.equal(phase(story), 'undo');
  assert.match(story.says(rollback), /0001_name was undone, and v2 needs it/);
  assert.deepEqual(story.does(rollback), ['release-started', 'cleared'], 'no rollback waits for a database');
  assert.equal(phase(story), null);
  goesOn(story);
  assert.match(story.refuses({ type: 'undo' }).message, /v2 still runs/);
});

test('a rollback that is tried again does not wait for the database either', () => {
  const story = settled();
  story.goesLive('v3', manual);
  story.windowCloses();
  story.does({ type: 'undo' });
  story.does(rollback);
  story.fails();
  story.hasStopped();
  assert.deepEqual(story.does({ type: 'retry' }), ['release-started', 'cleared']);
});

test('a version that was deployed as an older one again is none of the new ones', () => {
  const story = settled();
  story.goesLive('v1', manual);
  story.windowCloses();
  story.does({ type: 'undo' });
  story.phasePasses();
  story.deploysBuild(migrating('v3', '0001_name', { spec: manual }));
  assert.deepEqual(story.state.migration?.olds, ['v1'], 'v2 was live, and knows it');
});

test('teal.yaml that says nothing of the database any more leaves what is open as it was', () => {
  const story = withV1(stored());
  story.migratesLive(migrating('v2', '0001_name'));
  const { database: _, ...without } = stored();
  story.does({ type: 'apply', config: without });
  story.windowCloses();
  const effect = effects(story.state).find(({ kind }) => kind === 'migrate');
  assert.ok(effect?.kind === 'migrate' && effect.phase === 'contract');
  assert.equal(effect.policy.lockTimeoutMs, 200);
});

test('manual becomes auto by the next teal.yaml, and what waited begins', () => {
  const story = settled();
  assert.deepEqual(story.does({ type: 'apply', config: stored() }), ['applied', 'contract-started']);
});

test('a clock that is set moves the time since when the database is where it is', () => {
  const story = settled();
  const { since } = story.state.migration!;
  assert.deepEqual(clockJumped(story.state, 500), [{ type: 'clock-jumped', ms: 500 }]);
  assert.equal(afterJump(story.state, 500).migration?.since, since + 500);
  story.does({ type: 'contract' });
  story.phasePasses();
  assert.deepEqual(clockJumped(story.state, 500), []);
});

test('what was queued for a schema that is contracted meanwhile is not wanted any more', () => {
  const story = settled();
  const older = migrating('v1.1', '0000_older', { phases: ['expand'] });
  story.does({ type: 'deploy', build: older, promote: null, onConflict: 'queue' });
  assert.equal(story.state.queued?.build.version, 'v1.1');
  story.does({ type: 'contract' });
  assert.deepEqual(story.phasePasses(), ['phase-passed', 'queued']);
  assert.equal(story.state.queued, null);
});

test('an expand of which nothing has run keeps no other migration waiting', () => {
  const story = withV1();
  story.deploysBuild(v2);
  assert.deepEqual(story.refusesPhase(), ['phase-failed', 'abort-started', 'retired']);
  assert.deepEqual([story.stage, story.state.migration?.failed, phase(story)], ['undone', null, null]);
  assert.equal(story.state.release?.error?.code, 'migration-unproven');
  assert.deepEqual(story.deploysBuild(migrating('v3', '0002_other')), [
    'release-started',
    'migration-started',
  ]);
});

test('a contract that is refused before it has begun takes nothing away, and waits for the command', () => {
  const story = settled(stored());
  assert.deepEqual(story.refusesPhase(), ['phase-failed']);
  assert.deepEqual([story.stage, phase(story), story.later(1e9)], ['ready', null, []]);
  assert.equal(story.state.migration?.failed?.code, 'migration-unproven');
  assert.deepEqual(
    story.deploysBuild(build('v1', stored())),
    ['release-started', 'cleared'],
    'v1 is not outdated',
  );
  story.does({ type: 'abort', reason: null });
  story.hasStopped();
  assert.deepEqual(story.does({ type: 'contract' }), ['contract-started']);
  story.phasePasses();
  assert.deepEqual([story.stage, story.state.outdated], ['contracted', ['v1']]);
});

test('a migration that was taken back is not contracted by the next one, and its undo comes first', () => {
  const story = withV1();
  story.migratesLive(migrating('v2', '0001_name', { spec: manual, phases: ['expand', 'undo'] }));
  goesBack(story);
  const next = migrating('v3', '0002_other', { spec: manual });
  assert.equal(story.refuses({ type: 'deploy', build: next, promote: null }).code, 'migration-open');
  story.does({ type: 'undo' });
  story.phasePasses();
  story.deploysBuild(next);
  assert.deepEqual([story.state.contracted, story.state.outdated], [[], []]);
});
