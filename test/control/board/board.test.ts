/** What a page shows of an app, computed from what has happened to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { actionsOf } from '../../../src/control/board/actions.ts';
import { releasesOf } from '../../../src/control/board/history.ts';
import { moodOf } from '../../../src/control/board/mood.ts';
import { rungsOf } from '../../../src/control/board/rungs.ts';
import { refuseStale, stampOf } from '../../../src/control/board/stamp.ts';
import { migrationView } from '../../../src/control/view/migration.ts';
import { appStatus } from '../../../src/control/view/status.ts';
import type { AccessRole } from '../../../src/config/control.ts';
import type { Phase } from '../../../src/config/database.ts';
import { TealError } from '../../../src/errors.ts';
import type { StoredEvent } from '../../../src/store/store.ts';
import { app, build, databasePolicy, judged, Story } from '../../release/story.ts';

const smoke = { kind: 'command', name: 'smoke', command: ['true'], timeoutMs: 1000 } as never;
const tested = app({ tests: [smoke], promote: { kind: 'manual' } });
const phased = judged({
  steps: [
    {
      kind: 'expose',
      to: [],
      percent: 5,
      forMs: 60_000,
      atMostMs: null,
      judge: 'on',
      instances: null,
    } as never,
  ],
});

/** As the store would have them, a second apart. */
const stored = (story: Story): readonly StoredEvent[] =>
  story.events.map(({ type, ...data }, index) => ({
    seq: index + 1,
    version: index + 1,
    stream: 'shop',
    at: 1_000_000 + index * 1000,
    actor: type === 'step-passed' && 'approved' in data ? 'user:anna' : 'teal',
    reason: null,
    type,
    data,
  }));

const ofRelease = (story: Story): readonly StoredEvent[] => {
  const all = stored(story);
  return all.slice(all.findLastIndex(({ type }) => type === 'release-started'));
};

const rungsAre = (story: Story) =>
  rungsOf({ state: story.state, events: ofRelease(story), view: migrationView(story.state, null) });

const drawn = (story: Story): readonly string[] =>
  rungsAre(story).map(({ kind, state }) => `${kind} ${state}`);

/** v1 is live, and v2 at its test. */
function testing(): Story {
  const story = new Story(tested);
  story.goesLive('v1');
  story.deploys('v2', tested);
  story.isReady();
  return story;
}

describe('the ladder of a release', () => {
  test('shows what passed, what is under way and what is to come, with what a test said', () => {
    const story = testing();
    assert.deepEqual(drawn(story), [
      'start passed',
      'test current',
      'approve ahead',
      'promote ahead',
      'window ahead',
    ]);
    story.tests('pass');
    assert.deepEqual(drawn(story).slice(1, 3), ['test passed', 'approve current']);
    const [, smoked, gate] = rungsAre(story);
    assert.deepEqual([smoked?.output, gate?.asks], ['fine', true]);
    story.does({ type: 'approve', step: 1 });
    story.isReady();
    story.routersHaveIt();
    assert.deepEqual(drawn(story), [
      'start passed',
      'test passed',
      'approve passed',
      'promote passed',
      'window current',
    ]);
    story.does({ type: 'rollback', reason: null });
    assert.deepEqual(drawn(story).at(-1), 'window passed');
    assert.equal(rungsAre(story).at(-1)?.reason, 'ended by going back');
  });

  test('says where it failed, and what was not reached then', () => {
    const story = testing();
    story.tests('fail');
    const rungs = rungsAre(story);
    assert.deepEqual(drawn(story), [
      'start passed',
      'test failed',
      'approve dropped',
      'promote dropped',
      'window dropped',
    ]);
    assert.deepEqual([rungs[1]?.error?.code, rungs[1]?.error?.remedy], ['test-failed', 'read its output']);
    const other = new Story(tested);
    other.goesLive('v1');
    other.deploys('v2', tested);
    other.fails();
    assert.deepEqual(drawn(other).slice(0, 2), ['start failed', 'test dropped']);
  });
});

describe('what can be done', () => {
  const may = (story: Story, role: AccessRole, actor = 'user:anna'): readonly string[] =>
    actionsOf([story.state], 'shop', { actor, role, now: story.now })
      .filter(({ refusal }) => refusal === null)
      .map(({ id }) => id);

  test('is what the engine would do and the role allows, in every state', () => {
    const story = testing();
    story.tests('pass');
    const all = ['rollback', 'approve', 'reject', 'promote', 'promote-full', 'pause', 'abort', 'freeze'];
    assert.deepEqual(may(story, 'admin'), all);
    assert.deepEqual(may(story, 'deployer'), ['rollback', 'reject', 'pause', 'abort', 'freeze']);
    assert.deepEqual(may(story, 'viewer'), []);
    story.does({ type: 'pause' });
    assert.deepEqual(may(story, 'admin'), ['rollback', 'resume', 'abort', 'freeze']);
    story.does({ type: 'abort', reason: null });
    story.hasStopped();
    assert.deepEqual(may(story, 'admin'), ['retry', 'freeze']);
  });

  test('says why not, and what would help; and nothing is done by asking', () => {
    const story = testing();
    const before = stampOf(story.state);
    const [back, approve] = actionsOf([story.state], 'shop', {
      actor: 'user:vera',
      role: 'viewer',
      now: story.now,
    });
    assert.deepEqual(back?.refusal, {
      says: 'This needs the role deployer; you are viewer.',
      remedy: 'ask somebody who is deployer',
    });
    assert.deepEqual([approve?.path, approve?.body], ['/v1/apps/shop/approve', { step: 0 }]);
    assert.equal(stampOf(story.state), before);
  });
});

test('a page that is behind is refused whatever it asks, but to go back', () => {
  const story = testing();
  const seen = stampOf(story.state);
  assert.doesNotThrow(() => refuseStale(story.state, { type: 'abort' }, seen));
  story.tests('pass');
  assert.throws(() => refuseStale(story.state, { type: 'abort' }, seen), { code: 'moved-on' });
  assert.doesNotThrow(() => refuseStale(story.state, { type: 'rollback' }, seen));
  assert.doesNotThrow(() => refuseStale(story.state, { type: 'abort' }, undefined));
  const held = stampOf(story.state);
  story.does({ type: 'freeze', reason: null });
  assert.throws(() => refuseStale(story.state, { type: 'approve' }, held), { code: 'moved-on' });
});

describe('the history', () => {
  const pages = (story: Story) => ({
    recent: async ({ limit, before = Infinity }: { readonly limit: number; readonly before?: number }) =>
      stored(story)
        .filter(({ seq }) => seq < before)
        .toReversed()
        .slice(0, limit),
  });

  test('says of each release how it ended and why, newest first, page by page', async () => {
    const story = testing();
    story.tests('fail');
    story.hasStopped();
    story.deploys('v3', tested);
    const rows = await releasesOf(pages(story), 'shop', {});
    assert.deepEqual(
      rows.map(({ version, outcome, from }) => [version, outcome, from]),
      [
        ['v3', 'running', 'v1'],
        ['v2', 'aborted', 'v1'],
        ['v1', 'completed', null],
      ],
    );
    assert.match(rows[1]?.why ?? '', /smoke/);
    assert.deepEqual(
      (await releasesOf(pages(story), 'shop', { limit: 1, before: rows[0]?.seq })).map(({ id }) => id),
      ['shop-2'],
    );
  });

  test('says how many people the judge counted as harmed', async () => {
    const story = new Story(phased);
    story.goesLive('v1', phased);
    story.deploys('v2', phased);
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    const metric = { id: 'error', log: 9, safety: null, named: true, ratio: null, candidate: 11, live: 2 };
    story.judge('roll-back', { metrics: [{ ...metric, harmed: 10.6 }] });
    const [row] = await releasesOf(pages(story), 'shop', {});
    assert.deepEqual([row?.outcome, row?.harmed], ['aborted', 11]);
    assert.match(row?.verdict ?? '', /11 of 214 people/);
  });
});

test('an app in trouble is told first, and why', () => {
  const seen = { instances: [], router: null, base: null, migrating: () => null };
  const mood = (story: Story, errors: number | null = null): readonly string[] =>
    moodOf(appStatus(story.state, seen), { errors });
  const story = testing();
  assert.deepEqual(mood(new Story()), ['empty', 'nothing is deployed']);
  assert.deepEqual(mood(story), ['moving', 'v2: test smoke']);
  assert.deepEqual(mood(story, 0.2), ['trouble', '20 % of the requests fail']);
  story.tests('pass');
  assert.deepEqual(mood(story), ['asks', 'v2 waits for an approval']);
  story.does({ type: 'pause' });
  assert.equal(mood(story)[0], 'asks');
  story.does({ type: 'resume' });
  story.does({ type: 'reject', step: 1, reason: 'no' });
  story.hasStopped();
  assert.deepEqual(mood(story)[0], 'trouble');
});

describe('a release with a migration', () => {
  const database = databasePolicy({ url: null, migrations: null, contract: 'manual' });
  const spec = { ...app(), database };
  const renaming = { name: '0007', phases: ['expand', 'backfill', 'undo', 'contract'] } as const;
  const of = { migration: '0007', round: 1 } as const;
  const passes = (story: Story, phase: Phase): unknown =>
    story.does({ type: 'phase-passed', ...of, phase, steps: 3, ran: 3, ms: 40 });
  const fails = (story: Story, phase: Phase): unknown => {
    const error = new TealError('lock-not-granted', 'users is locked', { remedy: 'end it' }).toJSON();
    return story.does({ type: 'phase-failed', ...of, phase, error });
  };
  const may = (story: Story, role: AccessRole = 'deployer') =>
    actionsOf([story.state], 'shop', { actor: 'user:anna', role, now: story.now }).filter(
      ({ id }) => id === 'contract' || id === 'undo',
    );

  function migrating(): Story {
    const story = new Story(spec);
    story.goesLive('v1', spec);
    story.does({ type: 'deploy', build: { ...build('v2', spec), migration: renaming }, promote: null });
    return story;
  }

  function promoted(): Story {
    const story = migrating();
    passes(story, 'expand');
    passes(story, 'backfill');
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    story.isDrained();
    return story;
  }

  test('has the database before the candidate and behind the window', () => {
    const story = migrating();
    const all = ['start ahead', 'promote ahead', 'window ahead', 'database ahead'];
    assert.deepEqual(drawn(story), ['database current', 'database ahead', ...all]);
    assert.equal(rungsAre(story).at(-1)?.says, null, 'what is said is of expand');
    passes(story, 'expand');
    const progress = {
      phase: 'backfill',
      step: 1,
      of: 2,
      what: 'users.name',
      state: 'running',
      why: null,
      seen: 41,
      total: 100,
      etaMs: null,
      at: 0,
    } as const;
    const rungs = rungsOf({
      state: story.state,
      events: ofRelease(story),
      view: migrationView(story.state, progress),
    });
    assert.deepEqual(rungs.map(({ name, says, part }) => [name, says, part]).slice(0, 3), [
      ['expand 0007', null, null],
      ['backfill 0007', 'backfill 1/2 41 %: users.name', 0.41],
      ['start v2 in green', null, null],
    ]);
    passes(story, 'backfill');
    assert.deepEqual(drawn(story).slice(0, 3), ['database passed', 'database passed', 'start current']);
    const done = promoted();
    assert.deepEqual(drawn(done).slice(-2), ['window current', 'database ahead']);
    assert.match(rungsAre(done).at(-1)?.says ?? '', /^contract waits for the rollback window/);
    done.later(3_600_000);
    done.hasStopped();
    assert.deepEqual(drawn(done).slice(-2), ['window passed', 'database current']);
    assert.equal(rungsAre(done).at(-1)?.asks, true);
    done.does({ type: 'contract' });
    fails(done, 'contract');
    assert.equal(rungsAre(done).at(-1)?.error?.code, 'lock-not-granted');
    done.does({ type: 'contract' });
    assert.deepEqual([drawn(done).at(-1), rungsAre(done).at(-1)?.error], ['database current', null]);
    passes(done, 'contract');
    assert.equal(drawn(done).at(-1), 'database passed');
  });

  test('says where it failed at the database, and offers undo behind it', () => {
    const story = migrating();
    passes(story, 'expand');
    fails(story, 'backfill');
    story.hasStopped();
    assert.deepEqual(drawn(story), [
      'database passed',
      'database failed',
      'start dropped',
      'promote dropped',
      'window dropped',
      'database ahead',
    ]);
    assert.equal(rungsAre(story).at(-1)?.name, 'undo 0007');
    assert.deepEqual(
      may(story).map(({ id, refusal }) => [id, refusal === null]),
      [
        ['contract', false],
        ['undo', true],
      ],
    );
    story.does({ type: 'undo' });
    passes(story, 'undo');
    assert.equal(drawn(story).at(-1), 'database passed');
    assert.deepEqual(may(story), [], 'nothing is left of it');
  });

  test('asks before it takes anything away, says why it cannot yet, and of whom it is wanted', () => {
    const story = promoted();
    const [contract, undo] = may(story);
    assert.match(contract?.refusal?.says ?? '', /v1 still runs/);
    assert.match(contract?.confirm ?? '', /^Contract 0007\? What v2 does not need is dropped: v1 may fail/);
    assert.match(undo?.refusal?.says ?? '', /v2 still runs/);
    const before = stampOf(story.state);
    story.later(3_600_000);
    story.hasStopped();
    assert.equal(may(story)[0]?.refusal, null);
    assert.match(may(story, 'viewer')[0]?.refusal?.says ?? '', /needs the role deployer/);
    assert.throws(() => refuseStale(story.state, { type: 'contract' }, before), { code: 'moved-on' });
    const seen = { instances: [], router: null, base: null, migrating: () => null };
    const mood = (): readonly string[] => moodOf(appStatus(story.state, seen), { errors: null });
    assert.deepEqual(mood(), ['asks', '0007: no older version runs any more: teal db contract shop']);
    const open = stampOf(story.state);
    story.does({ type: 'contract' });
    assert.throws(() => refuseStale(story.state, { type: 'contract' }, open), { code: 'moved-on' });
    assert.deepEqual(mood(), ['moving', '0007: contract is about to begin']);
    fails(story, 'contract');
    assert.deepEqual(mood(), ['trouble', '0007: contract failed: users is locked']);
    story.does({ type: 'contract' });
    passes(story, 'contract');
    const [back] = actionsOf([story.state], 'shop', { actor: 'user:anna', role: 'admin', now: story.now });
    assert.match(back?.does ?? '', /at once; but the database was contracted \(0007\)/);
  });
});
