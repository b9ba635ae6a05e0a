// A freeze that comes while the candidate's place is being emptied: what was begun ends, and nothing begins of what a freeze holds. And a freeze that
// comes on the way back: it holds nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/release/decide.ts';
import { effects } from '../../src/release/effects.ts';
import type { Event } from '../../src/release/events.ts';
import { evolve } from '../../src/release/evolve.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import type { AppState } from '../../src/release/state.ts';
import { worksOn } from './anything.ts';
import { Ensemble } from './ensemble.ts';
import { build, migrating, stored, Story } from './story.ts';

/** Long enough that the environment of before is still there when the next version comes: its place has to be emptied. */
const spec = stored({}, { deadlineMs: 60_000 });

/** What comes, each with what happens while its place is emptied and the app is frozen. */
const deploys = fc.array(
  fc.record({
    migrates: fc.boolean(),
    frozen: fc.array(fc.tuple(fc.nat(1000), fc.nat(100_000)), { maxLength: 12 }),
  }),
  { minLength: 1, maxLength: 5 },
);

interface Seen {
  readonly story: Story;
  readonly input: Command | Fact;
  readonly events: readonly Event[];
}

function does(story: Story, input: Command | Fact): Seen {
  const { events = [] } = decide(story.state, input, { now: story.now, actor: 'anyone' });
  for (const event of events) story.state = evolve(story.state, event, { at: story.now, actor: 'anyone' });
  return { story, input, events };
}

/** All work goes well, until it is live, or nothing goes on any more. */
function goesLive(story: Story): void {
  for (let round = 0; round < 30 && story.status !== 'promoted'; round++) {
    story.now += 1000;
    for (const input of [...worksOn(story.state), { type: 'tick' } as const]) does(story, input);
  }
}

test('frozen while its place is emptied, a release gets no further than a candidate that nobody sees', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(deploys, (all) => {
      const story = new Story(spec);
      for (const version of ['a', 'b']) {
        does(story, { type: 'deploy', build: build(version, spec), promote: null });
        goesLive(story);
      }
      for (const [at, { migrates, frozen }] of all.entries()) {
        const version = `v${at + 1}`;
        const wanted = migrates
          ? migrating(version, `000${at}`, { spec, phases: ['expand'] })
          : build(version, spec);
        does(story, { type: 'deploy', build: wanted, promote: null });
        assert.equal(story.status, 'clearing');
        does(story, { type: 'freeze', reason: null });
        for (const [pick, ms] of frozen) {
          story.now += ms;
          const works = [...worksOn(story.state), { type: 'tick' } as const];
          const { state: before } = story;
          const seen = does(story, works[pick % works.length] ?? { type: 'tick' });
          for (const { type } of seen.events) reached.add(type);
          if (before.release?.status === 'clearing') onlyItsPlace(seen);
          standsStill(seen, before);
        }
        does(story, { type: 'unfreeze' });
        goesLive(story);
        assert.equal(story.status, 'promoted', 'and goes on when it is over');
        assert.equal(story.state.lives.at(-1)?.version, version);
      }
    }),
    { numRuns: 300 },
  );
  assert.deepEqual([...reached].toSorted(), ['candidate-ready', 'cleared', 'migration-started']);
});

/** Time alone moves nothing; that the place is empty does, once, whoever it is for. */
function onlyItsPlace({ story, input, events }: Seen): void {
  const moved = events.filter(({ type }) => type === 'cleared' || type === 'migration-started');
  assert.equal(moved.length, input.type === 'environment-stopped' ? 1 : 0, input.type);
  if (moved.length === 0) return;
  const { release, environments } = story.state;
  assert.ok(release);
  assert.equal(release.since, release.stoppedAt, 'its clock stands where the freeze has stopped it');
  const placed = environments[release.colour];
  assert.equal(placed === null, moved[0]?.type === 'migration-started');
  if (placed !== null) assert.equal(placed.since, story.now, 'sessions go by the time of day');
}

function standsStill({ story }: Seen, { live }: AppState): void {
  const { release } = story.state;
  assert.equal(story.state.live, live, 'everybody stays where they are');
  const kinds = effects(story.state).map(({ kind }) => kind);
  for (const kind of ['test', 'warm', 'expose', 'route', 'migrate'])
    assert.ok(!kinds.some((each) => each === kind), `${kind} is not begun in ${release?.status}`);
}

/** On its way back to a version that is no longer warm. */
function goingBack(): Story {
  const story = new Story();
  for (const version of ['v1', 'v2']) story.goesLive(version);
  story.isDrained();
  story.later(3_600_000);
  story.hasStopped();
  story.does({ type: 'rollback', reason: null });
  assert.equal(story.status, 'starting');
  assert.equal(story.state.release?.kind, 'rollback');
  return story;
}

const freeze: Command = { type: 'freeze', reason: null };

/** Everyone is on the version of before, and every clock of it runs. */
function isBack(story: Story): void {
  assert.equal(story.status, 'promoted');
  assert.equal(story.state.lives.at(-1)?.version, 'v1');
  assert.notEqual(story.state.frozen, null);
}

const moments: readonly (readonly [string, (story: Story) => void])[] = [
  ['while the old version starts', () => undefined],
  ['while it grows', (story) => void story.isReady()],
];

for (const [when, goes] of moments)
  test(`frozen ${when}, a rollback goes on to its end`, () => {
    const story = goingBack();
    goes(story);
    story.does(freeze);
    assert.equal(story.state.release?.stoppedAt, null);
    while (story.status !== 'switching') assert.notDeepEqual(story.isReady(), []);
    assert.ok(effects(story.state).some(({ kind }) => kind === 'route'));
    story.routersHaveIt();
    isBack(story);
    story.isDrained();
    const wake = effects(story.state).find(({ kind }) => kind === 'wake');
    assert.equal(
      wake?.kind === 'wake' ? wake.at : null,
      story.state.release?.windowEndsAt,
      'its window ends',
    );
    assert.deepEqual(story.later(3_600_000), ['window-closed']);
    story.hasStopped();
    assert.equal(story.status, 'completed');
  });

test('a freeze that comes on a rollback takes nothing off its deadline, and none is added', () => {
  const story = goingBack();
  const { deadlineAt } = story.state.release!;
  story.does(freeze);
  story.now += 1000;
  story.does({ type: 'unfreeze' });
  assert.equal(story.state.release?.deadlineAt, deadlineAt);
  story.does(freeze);
  const wake = effects(story.state).find(({ kind }) => kind === 'wake');
  assert.equal(wake?.kind === 'wake' ? wake.at : null, deadlineAt, 'who does not start in time is given up');
});

test('paused, a rollback stands until it is resumed, frozen or not', () => {
  for (const first of ['pause', 'freeze'] as const) {
    const story = goingBack();
    story.isReady();
    const then = first === 'pause' ? freeze : ({ type: 'pause' } as const);
    story.does(first === 'pause' ? { type: 'pause' } : freeze);
    story.does(then);
    assert.deepEqual(story.isReady(), []);
    assert.match(story.refuses({ type: 'promote', full: false }).message, /can't promote/);
    story.does({ type: 'resume' });
    assert.equal(story.state.release?.stoppedAt, null);
    story.isReady();
    story.routersHaveIt();
    isBack(story);
  }
});

test('a rollback that was given up is tried again under a freeze; a deploy is not', () => {
  const story = goingBack();
  story.fails();
  story.does(freeze);
  assert.deepEqual(story.does({ type: 'retry' }).slice(0, 2), ['superseded', 'release-started']);
  const other = new Story();
  other.goesLive('v1');
  other.deploys('v2');
  other.fails();
  other.does(freeze);
  assert.equal(other.refuses({ type: 'retry' }).code, 'frozen');
});

test('all apps of a group go back under a freeze', () => {
  const shop = new Ensemble({ storefront: { rollbackWindowMs: 0 }, api: { rollbackWindowMs: 0 } });
  for (const version of ['v1', 'v2']) {
    shop.deploys({ storefront: version, api: version });
    shop.worksOn();
  }
  assert.equal(shop.statuses, 'completed completed');
  shop.does('api', { type: 'rollback', reason: null });
  assert.equal(shop.statuses, 'starting starting');
  shop.does('storefront', freeze);
  assert.ok(shop.all.every(({ frozen }) => frozen !== null));
  shop.worksOn();
  assert.equal(shop.live, 'v1 v1');
  assert.equal(shop.statuses, 'completed completed');
});
