/** What a page shows of an app, computed from what has happened to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { actionsOf } from '../../../src/control/board/actions.ts';
import { releasesOf } from '../../../src/control/board/history.ts';
import { moodOf } from '../../../src/control/board/mood.ts';
import { rungsOf } from '../../../src/control/board/rungs.ts';
import { refuseStale, stampOf } from '../../../src/control/board/stamp.ts';
import { appStatus } from '../../../src/control/view/status.ts';
import type { AccessRole } from '../../../src/config/control.ts';
import type { StoredEvent } from '../../../src/store/store.ts';
import { app, judged, Story } from '../../release/story.ts';

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

const drawn = (story: Story): readonly string[] =>
  rungsOf(story.state, ofRelease(story)).map(({ kind, state }) => `${kind} ${state}`);

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
    const [, smoked, gate] = rungsOf(story.state, ofRelease(story));
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
    assert.equal(rungsOf(story.state, ofRelease(story)).at(-1)?.reason, 'ended by going back');
  });

  test('says where it failed, and what was not reached then', () => {
    const story = testing();
    story.tests('fail');
    const rungs = rungsOf(story.state, ofRelease(story));
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
