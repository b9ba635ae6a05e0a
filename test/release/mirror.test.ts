import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExposePolicy, MirrorPolicy, StepPolicy } from '../../src/config/release.ts';
import { Tables } from '../../src/control/tables.ts';
import { effects } from '../../src/release/effects.ts';
import { schedule } from '../../src/release/schedule.ts';
import { stepName } from '../../src/release/steps.ts';
import type { AppTable, MirrorTable } from '../../src/router/table.ts';
import { app, Story } from './story.ts';

const minute = 60_000;
const mirror = (more: Partial<MirrorPolicy> = {}): MirrorPolicy => ({
  kind: 'mirror',
  of: [],
  percent: 30,
  methods: ['GET', 'HEAD'],
  forMs: 10 * minute,
  timeoutMs: 10_000,
  maxBodyBytes: 65_536,
  ...more,
});
const expose = (percent: number): ExposePolicy => ({ kind: 'expose', to: [], percent, forMs: minute });
const policy = (steps: readonly StepPolicy[]) =>
  app({ strategy: 'steps', steps, previewInstances: 1 }, [{ instances: 10 }]);

/** v1 is live, v2 is healthy and stands before its first step. */
function deployed(...steps: StepPolicy[]): Story {
  const story = new Story();
  story.goesLive('v1');
  story.deploys('v2', policy(steps));
  story.isReady();
  return story;
}

function routersHaveIt(story: Story): string[] {
  const { id, cursor } = story.state.release!;
  return story.does({ type: 'exposure-acknowledged', release: id, cursor, generation: 9 });
}

const tableOf = ({ state }: Story): AppTable | undefined => {
  const look = () => ({
    states: [state],
    instances: [],
    released: new Set<string>(),
    keys: () => [],
    previewKey: () => 'key',
  });
  return new Tables({ look, failed: () => undefined }).build().apps[0];
};

const copies = (story: Story): MirrorTable | null | undefined => tableOf(story)?.mirror;

function candidates({ state }: Story): number | undefined {
  const run = effects(state).find(
    (effect) => effect.kind === 'run' && effect.colour === state.release?.colour,
  );
  return run?.kind === 'run' ? run.counts['web'] : undefined;
}

describe('a mirror step', () => {
  test('grows the candidate first, then copies, counts from when every router does, and ends with its time', () => {
    const story = deployed(mirror());
    assert.equal(candidates(story), 3, 'as many as that share of the requests needs');
    assert.equal(copies(story), null, 'nothing comes before it can be carried');
    assert.deepEqual(story.isReady(), ['mirror-started']);
    assert.deepEqual(copies(story), {
      candidate: 'green',
      of: [],
      percent: 30,
      methods: ['GET', 'HEAD'],
      timeoutMs: 10_000,
      maxBodyBytes: 65_536,
    });
    assert.deepEqual(story.state.release?.exposed, [], 'nobody is sent there');
    story.later(5 * minute);
    assert.deepEqual(routersHaveIt(story), ['mirrored']);
    assert.deepEqual(routersHaveIt(story), [], 'told twice is told once');
    assert.deepEqual(story.later(10 * minute - 1), [], 'the way to the routers does not count');
    assert.deepEqual(story.later(1), ['step-passed', 'steps-passed']);
    assert.equal(copies(story), null);
  });

  test('that copies everything needs everything, and what it took to carry that is kept for the people who follow', () => {
    const story = deployed(mirror({ percent: null }), expose(5));
    assert.equal(candidates(story), 10);
    story.isReady();
    routersHaveIt(story);
    story.later(10 * minute);
    assert.equal(candidates(story), 10);
    assert.deepEqual(story.isReady(), ['expose-started']);
    assert.equal(copies(story), null, 'copies end where people begin');
  });

  test('beside people who are there already: the candidate carries both', () => {
    const story = deployed(expose(20), mirror());
    story.isReady();
    routersHaveIt(story);
    story.later(minute);
    assert.equal(candidates(story), 5);
    story.isReady();
    assert.equal(copies(story)?.percent, 30);
    assert.deepEqual(story.state.release?.exposed, [{ to: [], width: 20_000 }], 'who is there stays');
  });

  test('goes on while paused, with the time it had left; can be left early; and ends with an abort at once', () => {
    const story = deployed(mirror(), mirror({ percent: 60 }));
    story.isReady();
    assert.throws(() => story.does({ type: 'promote', full: false }), /at mirror 30 % of the requests/);
    routersHaveIt(story);
    story.later(4 * minute);
    story.does({ type: 'pause' });
    assert.notEqual(copies(story), null);
    story.later(60 * minute);
    story.does({ type: 'resume' });
    assert.deepEqual(story.later(6 * minute - 1), []);
    assert.deepEqual(story.does({ type: 'promote', full: false }), ['step-passed']);
    story.isReady();
    assert.equal(copies(story)?.percent, 60);
    story.does({ type: 'abort', reason: null });
    assert.equal(copies(story), null);
  });

  test('is left out of the first version: there is nothing to copy', () => {
    const story = new Story();
    story.deploys('v1', policy([mirror()]));
    assert.deepEqual(
      story.state.release?.steps.map(({ kind }) => kind),
      ['promote'],
    );
  });

  test('of an audience asks its rules as they were when the version was deployed', () => {
    const staff = { kind: 'users', users: ['anna'] } as const;
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', { ...policy([mirror({ of: ['staff'], percent: null })]), audiences: { staff } });
    story.isReady();
    assert.equal(candidates(story), 1, 'how many an audience is cannot be known: a few');
    story.isReady();
    const table = tableOf(story);
    assert.deepEqual(table?.audience?.audiences, { staff });
    assert.equal(table?.audience?.release, null);
  });

  test('is foreseen with its time and size, and says what it does', () => {
    const all = [mirror(), mirror({ percent: null, of: ['staff', 'testers'] })];
    const [first] = schedule(all, { open: [], holidays: [] }, 0);
    assert.deepEqual([first?.endsAt, first?.size], [10 * minute, 30]);
    assert.deepEqual(all.map(stepName), [
      'mirror 30 % of the requests',
      'mirror the requests of staff and testers',
    ]);
  });
});
