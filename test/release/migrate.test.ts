import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effects } from '../../src/release/effects.ts';
import { isOpen } from '../../src/release/windows.ts';
import { rollbackAll, rollbackTogether } from '../../src/release/group-orders.ts';
import { Ensemble } from './ensemble.ts';
import { build, judged, migrating, stored, Story } from './story.ts';

/** What is worked at in the database: the phase, or nothing. */
const phase = ({ state }: Story): string | null =>
  effects(state).find((effect) => effect.kind === 'migrate')?.phase ?? null;

const versionIn = ({ state }: Story, colour: 'blue' | 'green') => state.environments[colour]?.version;

const v2 = migrating('v2', '0001_name');

function withV1(spec = stored()): Story {
  const story = new Story(spec);
  story.goesLive('v1', spec);
  return story;
}

test('the candidate starts when expand and backfill are done, and not before', () => {
  const story = withV1();
  assert.deepEqual(story.deploysBuild(v2), ['release-started', 'migration-started']);
  assert.deepEqual([story.status, story.stage, phase(story)], ['migrating', 'expanding', 'expand']);
  assert.equal(versionIn(story, 'green'), undefined);
  assert.deepEqual(story.phasePasses(), ['phase-passed']);
  assert.deepEqual([story.status, story.stage, phase(story)], ['migrating', 'backfilling', 'backfill']);
  assert.deepEqual(story.phasePasses(), ['phase-passed', 'migrated']);
  assert.deepEqual([story.status, story.stage, phase(story)], ['starting', 'ready', null]);
  assert.equal(versionIn(story, 'green'), 'v2');
  assert.deepEqual(story.state.migration?.olds, ['v1']);
});

test('contract comes by itself when the window has closed and the old version has stopped', () => {
  const story = withV1();
  story.migratesLive(v2);
  story.isDrained();
  story.later(3_600_000);
  assert.deepEqual([story.status, story.stage, phase(story)], ['retiring', 'ready', null]);
  assert.deepEqual(story.hasStopped(), ['retired', 'contract-started']);
  assert.deepEqual([story.stage, phase(story)], ['contracting', 'contract']);
  story.phasePasses();
  assert.deepEqual([story.stage, phase(story), story.state.contracted], ['contracted', null, ['0001_name']]);
});

test('the first release of all migrates, and contracts at once, since nobody is old', () => {
  const story = new Story(stored());
  story.migratesLive(v2);
  assert.deepEqual([story.status, story.stage], ['completed', 'contracting']);
});

test('a version whose migration was contracted needs nothing of the database', () => {
  const story = new Story(stored());
  story.migratesLive(v2);
  story.phasePasses();
  assert.deepEqual(story.deploysBuild(migrating('v3', '0001_name')), ['release-started', 'cleared']);
});

test('a phase that has nothing to do is none', () => {
  const only = (...phases: ('expand' | 'backfill' | 'contract' | 'undo')[]): Story => {
    const story = withV1();
    story.deploysBuild(migrating('v2', '0001_name', { phases }));
    return story;
  };
  assert.deepEqual([only('backfill').stage, only('expand').stage], ['backfilling', 'expanding']);
  const late = only('contract');
  assert.deepEqual([late.status, late.stage], ['starting', 'ready']);
  assert.equal(only().status, 'starting');
});

test('what takes nothing away is over when the old version has gone, also where people contract', () => {
  const spec = stored({ contract: 'manual' });
  const story = withV1(spec);
  story.migratesLive(migrating('v2', '0001_name', { spec, phases: ['expand', 'undo'] }));
  story.windowCloses();
  assert.equal(story.stage, 'contracted');
  assert.deepEqual(
    story.deploysBuild(build('v1', spec)),
    ['release-started', 'cleared'],
    'v1 knows it still',
  );
});

test('the first step that is late in the database is no deadline, and the candidate has all of its own', () => {
  const story = withV1();
  story.deploysBuild(v2);
  story.later(10 * 600_000);
  assert.equal(story.status, 'migrating');
  story.phasePasses();
  story.phasePasses();
  assert.equal(story.state.release!.deadlineAt, story.now + 600_000);
  assert.deepEqual(story.later(600_000)[0], 'abort-started');
});

test('an expand that fails aborts the release, and says why', () => {
  const story = withV1();
  story.deploysBuild(v2);
  assert.deepEqual(story.phaseFails(), ['phase-failed', 'abort-started', 'retired']);
  assert.deepEqual([story.status, story.stage, phase(story)], ['aborted', 'expanding', null]);
  assert.equal(story.state.release?.error?.code, 'migration-failed');
  assert.equal(story.state.migration?.failed?.code, 'migration-failed');
  assert.deepEqual(story.does({ type: 'retry' }), ['release-started', 'migration-started']);
  assert.deepEqual([story.state.migration?.failed, phase(story)], [null, 'expand']);
});

test('abort and rollback at any phase stop the work and leave the database as it is', () => {
  for (const type of ['abort', 'rollback'] as const)
    for (const passed of [0, 1]) {
      const story = withV1();
      story.deploysBuild(v2);
      for (let count = 0; count < passed; count++) story.phasePasses();
      const { stage } = story;
      story.does({ type, reason: null });
      assert.deepEqual([story.status, story.stage, phase(story)], ['aborted', stage, null]);
    }
});

test('a phase that ended as its release was aborted is done', () => {
  const story = withV1();
  story.deploysBuild(v2);
  const { round } = story.state.migration!;
  story.does({ type: 'abort', reason: null });
  const late = { migration: '0001_name', round, steps: 1, ran: 1, ms: 1 };
  assert.deepEqual(story.does({ type: 'phase-passed', phase: 'expand', ...late }), ['phase-passed']);
  assert.deepEqual(story.does({ type: 'phase-passed', phase: 'expand', ...late }), [], 'told twice');
  assert.equal(story.stage, 'backfilling');
});

test('a pause and a freeze hold the work, and it goes on where it was', () => {
  for (const [hold, on] of [
    [{ type: 'pause' }, { type: 'resume' }],
    [{ type: 'freeze', reason: null }, { type: 'unfreeze' }],
  ] as const) {
    const story = withV1();
    story.deploysBuild(v2);
    story.does(hold);
    assert.equal(phase(story), null);
    story.now += 1_000_000;
    story.does(on);
    assert.equal(phase(story), 'expand');
    story.phasePasses();
    story.does(hold);
    story.does(on);
    story.phasePasses();
    assert.equal(story.state.release!.deadlineAt, story.now + 600_000);
  }
});

test('what ends while it is paused lets the candidate start when it is resumed', () => {
  const story = withV1();
  story.deploysBuild(migrating('v2', '0001_name', { phases: ['expand'] }));
  story.does({ type: 'pause' });
  const told = { migration: '0001_name', round: 1, phase: 'expand', steps: 1, ran: 1, ms: 1 } as const;
  assert.deepEqual(story.does({ type: 'phase-passed', ...told }), ['phase-passed']);
  assert.deepEqual(story.does({ type: 'resume' }), ['resumed', 'migrated']);
});

test('an app that is removed in the middle of a migration goes, and is new when it comes back', () => {
  const story = withV1();
  story.deploysBuild(v2);
  story.does({ type: 'remove' });
  assert.equal(phase(story), null);
  story.hasStopped();
  assert.deepEqual([story.state.migration, story.state.outdated, story.state.contracted], [null, [], []]);
  story.does({ type: 'apply', config: stored() });
  story.deploysBuild(v2);
  assert.deepEqual([story.status, phase(story)], ['migrating', 'expand']);
});

test('a second migration waits for the first: refused, or deployed after it', () => {
  const story = withV1();
  story.migratesLive(v2);
  const v3 = migrating('v3', '0002_next');
  const refusal = story.refuses({ type: 'deploy', build: v3, promote: null });
  assert.equal(refusal.code, 'migration-open');
  assert.match(refusal.remedy, /newest migration is 0001_name/);
  assert.equal(
    story.refuses({ type: 'deploy', build: v3, promote: null, onConflict: 'supersede' }).code,
    'migration-open',
  );
  assert.deepEqual(story.deploysBuild(v3, { onConflict: 'queue' }), ['queued']);
  story.windowCloses();
  assert.deepEqual([story.stage, phase(story)], ['contracting', 'contract'], 'what waits holds up nothing');
  assert.deepEqual(story.phasePasses(), ['phase-passed', 'release-started', 'migration-started']);
  assert.deepEqual([story.state.migration?.name, story.state.migration?.olds], ['0002_next', ['v1', 'v2']]);
});

test('a second migration does not wait for one that has nothing left to do', () => {
  const story = withV1();
  story.deploysBuild(migrating('v2', '0001_name', { phases: ['expand'] }));
  story.phasePasses();
  story.fails();
  story.deploysBuild(migrating('v3', '0002_next'));
  story.hasStopped();
  assert.deepEqual([story.state.migration?.name, story.state.contracted], ['0002_next', []]);
});

test('nor does a repaired version for one that commands do, when that was taken back', () => {
  const spec = stored({ migrations: null, url: null, run: { expand: 'up', contract: 'tidy' } });
  const story = withV1(spec);
  const named = (version: string) => migrating(version, version, { spec, phases: ['expand', 'contract'] });
  story.deploysBuild(named('v2'));
  story.phasePasses();
  assert.deepEqual(story.deploysBuild(named('v3'), { onConflict: 'supersede' }), [
    'queued',
    'abort-started',
    'superseded',
    'release-started',
  ]);
  story.hasStopped();
  assert.deepEqual([story.state.migration?.name, story.state.migration?.olds], ['v3', ['v1']]);
  story.phasePasses();
  story.isReady();
  story.isReady();
  story.routersHaveIt();
  assert.equal(story.refuses({ type: 'deploy', build: named('v4'), promote: null }).code, 'migration-open');
});

test('a repaired version with the same migration goes on with it, also when people are already on it', () => {
  const story = withV1();
  story.migratesLive(v2);
  const v3 = migrating('v3', '0001_name');
  assert.deepEqual(story.deploysBuild(v3), ['superseded', 'release-started']);
  assert.deepEqual(story.hasStopped(), ['migration-started']);
  assert.equal(phase(story), 'expand', 'to see that it is the same');
  const told = story.phaseFails('it is another one now');
  assert.deepEqual(told, ['phase-failed', 'abort-started', 'retired', 'contract-started']);
  assert.deepEqual([story.stage, phase(story)], ['contracting', 'contract'], 'v2 is live, and v1 has gone');
  assert.equal(story.state.migration?.build.version, 'v2', 'by the files of what is live');
  assert.deepEqual(story.state.migration?.failed, null);
});

test('a version in a group whose database takes its time holds the others, and no deadline of theirs passes', () => {
  const group = new Ensemble({ web: {}, api: {} });
  group.deploys({ web: 'v1', api: 'v1' });
  group.worksOn();
  const api = group.of('api').config!;
  group.brings('api', { name: '0001_name', phases: ['expand'] });
  group.deploys({ web: 'v2', api: 'v2' });
  group.worksOn(['web']);
  assert.equal(group.statuses, 'starting migrating');
  group.later(10 * api.release.deadlineMs);
  assert.equal(group.statuses, 'starting migrating');
  group.worksOn();
  assert.equal(group.statuses, 'promoted promoted');
});

test('an expand that fails takes the whole group back, and a member that was ready with it', () => {
  const group = new Ensemble({ web: {}, api: {} });
  group.deploys({ web: 'v1', api: 'v1' });
  group.worksOn();
  group.brings('api', { name: '0001_name', phases: ['expand'] });
  group.deploys({ web: 'v2', api: 'v2' });
  group.worksOn(['web']);
  group.phaseFails('api');
  group.worksOn();
  assert.equal(group.statuses, 'aborted aborted');
  assert.equal(group.live, 'v1 v1');
});

test('a group that goes back over a contract of one of them is told what that means to it, and goes back all the same', () => {
  const group = new Ensemble({ web: {}, api: {} });
  group.deploys({ web: 'v1', api: 'v1' });
  group.worksOn();
  group.brings('api', { name: '0001_name', phases: ['expand', 'contract'] });
  group.deploys({ web: 'v2', api: 'v2' });
  group.worksOn();
  group.later(group.of('api').config!.release.rollbackWindowMs);
  group.worksOn();
  group.later(0);
  group.worksOn();
  assert.equal(group.of('api').migration?.stage, 'contracted');
  const asked = { now: group.now, actor: group.actor, reason: null };
  for (const [by, answers] of [
    ['one', group.asks('web', { type: 'rollback', reason: null }).decisions],
    ['its name', rollbackTogether('shop', group.all, asked).decisions],
    ['all', rollbackAll(group.all, asked)],
  ] as const) {
    const harms = ['web', 'api'].map((app) => answers?.get(app)?.harm);
    assert.equal(harms[0], undefined, by);
    assert.match(harms[1] ?? '', /contracted \(0001_name\): statements of v1 may fail/, by);
  }
  group.does('api', { type: 'rollback', reason: null });
  group.worksOn();
  assert.equal(group.live, 'v1 v1');
});

test('a group says before it starts, and while it waits, that going back will do harm', () => {
  const group = new Ensemble({ web: {}, api: {} });
  group.deploys({ web: 'v1', api: 'v1' });
  group.worksOn();
  group.brings('api', { name: '0001_name', phases: ['expand'] });
  const api = group.of('api').config!;
  const database = { ...api.database!, rollback: 'unsafe' } as const;
  group.does('api', { type: 'apply', config: { ...api, database } });
  const begins = group.asksToDeploy({ web: 'v2', api: 'v2' }).decisions;
  assert.match(begins?.get('api')?.harm ?? '', /^v1 cannot read what v2 writes/);
  assert.equal(begins?.get('web')?.harm, undefined);
  group.deploys({ web: 'v2' });
  const waits = group.asksToDeploy({ web: 'v3', api: 'v3' }, 'queue').decisions?.get('api');
  assert.equal(waits?.note, 'v3 is deployed when all apps of shop may');
  assert.match(waits.harm ?? '', /cannot read what v3 writes/);
});

test('a flag of a version whose database is being prepared is a draft', () => {
  const flag = { with: 'v2', on: true, default: false, for: [], width: null, owner: null };
  const spec = { ...stored(), features: { banner: flag } } as unknown as ReturnType<typeof stored>;
  const story = withV1(spec);
  story.deploysBuild(migrating('v2', '0001_name', { spec }));
  assert.deepEqual([story.status, story.state.features.banner?.stage], ['migrating', 'draft']);
});

test('where the old version cannot read what the new one writes the judge holds, and people go back all the same', () => {
  const spec = { ...judged({ rollbackWindowMs: 1000 }), database: stored({ rollback: 'unsafe' }).database! };
  const live = (): Story => {
    const story = withV1(spec);
    const answer = story.deploysBuild(migrating('v2', '0001_name', { spec }));
    assert.deepEqual(answer, ['release-started', 'migration-started']);
    story.phasePasses();
    story.phasePasses();
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    return story;
  };
  const held = live();
  assert.deepEqual(held.judge('roll-back'), ['judged']);
  assert.match(held.state.release!.verdict!.sentence, /Held, not rolled back: teal.yaml says so/);
  assert.equal(held.status, 'promoted');
  assert.deepEqual(held.does({ type: 'rollback', reason: null }), ['rollback-started']);
  const failing = live();
  assert.deepEqual(failing.fails(), ['rollback-started'], 'a version that does not run serves nobody');
  const doubted = live();
  doubted.judge('roll-back');
  doubted.windowCloses();
  assert.deepEqual([doubted.status, doubted.stage], ['completed', 'ready'], 'nothing is burnt by itself');
  assert.deepEqual(doubted.does({ type: 'contract' }), ['contract-started']);
});

test('between two versions that both know the schema the judge takes back as ever', () => {
  const spec = { ...judged(), database: stored({ rollback: 'unsafe' }).database! };
  const story = withV1(spec);
  story.migratesLive(migrating('v2', '0001_name', { spec }));
  story.deploysBuild(migrating('v3', '0001_name', { spec }));
  story.hasStopped();
  story.phasePasses();
  story.phasePasses();
  story.isReady();
  story.isReady();
  story.routersHaveIt();
  assert.deepEqual(story.judge('roll-back'), ['rollback-started']);
});

test('contract waits for a window, and comes when one opens', () => {
  const zone = 'UTC';
  const windows = { open: [{ days: [1], fromMinute: 540, toMinute: 600, zone }], holidays: [] };
  const spec = stored({}, { windows });
  const story = withV1();
  story.migratesLive(v2);
  story.does({ type: 'apply', config: spec });
  story.windowCloses();
  assert.deepEqual([story.status, story.stage], ['completed', 'ready']);
  const wake = effects(story.state).find((effect) => effect.kind === 'wake');
  assert.ok(wake !== undefined && isOpen(windows, wake.at) && !isOpen(windows, wake.at - 1));
  assert.deepEqual(story.later(wake.at - story.now - 1), []);
  assert.deepEqual(story.later(1), ['contract-started']);
});
