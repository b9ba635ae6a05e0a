// A freeze that comes while the candidate's place is being emptied: what was begun ends, and nothing begins of what a freeze holds.
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
