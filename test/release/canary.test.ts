import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApprovePolicy, ExposePolicy, StepPolicy } from '../../src/config/release.ts';
import { effects } from '../../src/release/effects.ts';
import { byAnyone } from '../../src/release/steps.ts';
import { app, build, Story } from './story.ts';

const minute = 60_000;
const expose = (percent: number | null, to: readonly string[] = []): ExposePolicy => ({
  kind: 'expose',
  to,
  percent,
  forMs: 10 * minute,
});
const approve = (more: Partial<ApprovePolicy> = {}): ApprovePolicy => ({ ...byAnyone, ...more });
const canary = (steps: readonly StepPolicy[], instances = 10) =>
  app({ strategy: 'steps', steps, previewInstances: 1 }, [{ instances }]);

/** v1 is live, v2 is healthy and stands before its first step. */
function deployed(steps: readonly StepPolicy[], instances = 10): Story {
  const story = new Story();
  story.goesLive('v1');
  story.deploys('v2', canary(steps, instances));
  story.isReady();
  return story;
}

const exposed = (story: Story): string[] => {
  const { id, cursor } = story.state.release!;
  return story.does({ type: 'exposure-acknowledged', release: id, cursor, generation: 9 });
};

const candidates = (story: Story): number | undefined => {
  const { colour } = story.state.release!;
  const run = effects(story.state).find((effect) => effect.kind === 'run' && effect.colour === colour);
  return run?.kind === 'run' ? run.counts['web'] : undefined;
};

describe('a canary release', () => {
  test('of the first version has only its gates: nobody could be left where they are', () => {
    const story = new Story();
    story.deploys('v1', canary([expose(5), approve(), expose(50)]));
    assert.deepEqual(
      story.state.release?.steps.map(({ kind }) => kind),
      ['approve', 'promote'],
    );
    assert.equal(story.state.cohort.offset, 0, 'nobody has been first');
  });

  test('grows before each step, exposes, waits from when every router has it, and goes on', () => {
    const story = deployed([expose(null, ['staff']), expose(5), expose(25)]);
    const staff = { to: ['staff'], width: 100_000 };
    assert.equal(candidates(story), 1);
    assert.deepEqual(story.isReady(), ['expose-started']);
    assert.deepEqual(story.state.release?.exposed, [staff]);
    assert.equal(story.state.live, 'blue');
    story.later(5 * minute);
    assert.deepEqual(exposed(story), ['exposed']);
    assert.deepEqual(story.later(10 * minute - 1), [], 'the way to the routers does not count');
    assert.deepEqual(story.later(1), ['step-passed']);
    story.isReady();
    exposed(story);
    story.later(10 * minute);
    assert.equal(candidates(story), 3, 'a quarter of ten, rounded up');
    assert.deepEqual(
      story.state.release?.exposed,
      [staff, { to: [], width: 5000 }],
      'nobody more until it has grown',
    );
    assert.deepEqual(story.isReady(), ['expose-started']);
    assert.deepEqual(story.state.release?.exposed, [staff, { to: [], width: 25_000 }]);
    exposed(story);
    assert.deepEqual(story.later(10 * minute), ['step-passed', 'steps-passed']);
    assert.equal(candidates(story), 10);
    assert.deepEqual(story.isReady(), ['switch-started']);
    assert.deepEqual(story.state.release?.exposed, [], 'everyone needs no exposure');
  });

  test('ignores that an earlier size is healthy while it grows', () => {
    const story = deployed([expose(50)]);
    const ready = { type: 'environment-ready', colour: 'green', version: 'v2' } as const;
    assert.deepEqual(story.does({ ...ready, size: 'preview' }), []);
    assert.deepEqual(story.does({ ...ready, size: 50 }), ['expose-started']);
  });

  test('sends everyone back at once when the candidate fails, when it is aborted and when it is rolled back', () => {
    const ends: readonly ((story: Story) => void)[] = [
      (story) => story.fails(),
      (story) => story.does({ type: 'abort', reason: null }),
      (story) => story.does({ type: 'rollback', reason: null }),
    ];
    for (const end of ends) {
      const story = deployed([expose(5)]);
      story.isReady();
      exposed(story);
      end(story);
      assert.equal(story.status, 'aborting');
      assert.deepEqual(story.state.release?.exposed, []);
      assert.equal(
        story.state.environments.green?.phase,
        'stopping',
        'it drains before anything of it is stopped',
      );
      assert.equal(story.state.live, 'blue');
    }
  });

  test('stands still while it is paused, and goes on with the time that was left', () => {
    const story = deployed([expose(5)]);
    story.isReady();
    exposed(story);
    story.later(6 * minute);
    story.does({ type: 'pause' });
    assert.deepEqual(story.later(60 * minute), []);
    story.does({ type: 'resume' });
    assert.deepEqual(story.later(4 * minute - 1), []);
    assert.equal(story.later(1)[0], 'step-passed');
  });

  test('does not expose anyone while paused, and does when it goes on', () => {
    const story = deployed([expose(5)]);
    story.does({ type: 'pause' });
    const before = effects(story.state).find(({ kind, key }) => kind === 'run' && key.includes('green'))?.key;
    assert.deepEqual(story.isReady(), []);
    story.does({ type: 'resume' });
    const after = effects(story.state).find(({ kind, key }) => kind === 'run' && key.includes('green'))?.key;
    assert.notEqual(before, after, 'the wish is made anew, so that the fact is found out again');
    assert.deepEqual(story.isReady(), ['expose-started']);
  });

  test('does not count the time of its steps towards the deadline, but the time to grow', () => {
    const story = deployed([expose(5), expose(50)]);
    story.isReady();
    exposed(story);
    assert.equal(story.later(60 * minute)[0], 'step-passed');
    assert.deepEqual(story.later(10 * minute), ['abort-started'], 'it never grew to half');
    assert.match(story.state.release?.reason ?? '', /deadline/);
  });

  test('promote skips what only lets time pass, and --full all the rest', () => {
    const story = deployed([expose(5), expose(50)]);
    assert.equal(story.refuses({ type: 'promote', full: false }).code, 'wrong-state');
    story.isReady();
    exposed(story);
    assert.deepEqual(story.does({ type: 'promote', full: false }), ['step-passed']);
    assert.equal(story.state.release?.cursor, 1);
    assert.deepEqual(story.does({ type: 'promote', full: true }), ['step-passed', 'steps-passed']);
  });

  test('runs a test where a step names it, and the others first', () => {
    const tests = ['smoke', 'load'].map(
      (name) => ({ kind: 'command', name, command: name, timeoutMs: 1 }) as const,
    );
    const story = new Story();
    story.goesLive('v1');
    const policy = { strategy: 'steps', tests, previewInstances: 1 } as const;
    story.deploys('v2', app({ ...policy, steps: [expose(5), { kind: 'test', test: 'load' }] }));
    const names = story.state.release?.steps.map((step) => ('name' in step ? step.name : step.kind));
    assert.deepEqual(names, ['smoke', 'expose', 'load', 'promote']);
  });
});

describe('an approval', () => {
  const at = (gate: ApprovePolicy): Story => deployed([gate, expose(5)]);
  const by = (story: Story, actor: string): Story => Object.assign(story, { actor });

  test('names its step: two people who approve at once pass one gate', () => {
    const story = deployed([approve(), approve()]);
    assert.deepEqual(story.does({ type: 'approve', step: 0 }), ['step-passed']);
    assert.deepEqual(by(story, 'user:ben').does({ type: 'approve', step: 0 }), []);
    assert.equal(story.state.release?.cursor, 1);
    assert.equal(story.refuses({ type: 'approve', step: 2 }).code, 'wrong-state');
    assert.deepEqual(
      story.state.release?.approvals.map(({ cursor, actor }) => [cursor, actor]),
      [[0, 'user:anna']],
    );
  });

  test('takes somebody who has the role, also for promote and promote --full', () => {
    const story = at(approve({ role: 'managers', by: ['user:mia'] }));
    for (const input of [
      { type: 'approve', step: 0 },
      { type: 'promote', full: false },
      { type: 'promote', full: true },
      { type: 'approve', step: 0 },
    ] as const) {
      const refusal = by(story, 'user:ben').refuses(input);
      assert.equal(refusal.code, 'not-allowed');
      assert.match(refusal.remedy, /user:mia/);
    }
    assert.deepEqual(by(story, 'user:mia').does({ type: 'approve', step: 0 }), ['step-passed']);
  });

  test('takes somebody else than who deployed, where four eyes are asked', () => {
    const story = at(approve({ fourEyes: true }));
    assert.match(story.refuses({ type: 'approve', step: 0 }).message, /four eyes/);
    assert.deepEqual(by(story, 'user:ben').does({ type: 'approve', step: 0 }), ['step-passed']);
  });

  test('refused aborts the release, with who and why; who deployed may refuse too', () => {
    const story = at(approve({ fourEyes: true, by: ['user:mia'] }));
    const reject = { type: 'reject', step: 0, reason: 'the logo is wrong' } as const;
    assert.equal(by(story, 'user:ben').refuses(reject).code, 'not-allowed');
    assert.deepEqual(by(story, 'user:anna').does(reject), ['step-failed', 'abort-started']);
    assert.match(story.state.release?.reason ?? '', /rejected by user:anna: the logo is wrong/);
    assert.equal(story.state.release?.error?.code, 'rejected');
  });

  test('that nobody gives in time aborts, or goes on where that was asked', () => {
    const abort = at(approve({ expiresMs: 60 * minute }));
    assert.deepEqual(abort.later(60 * minute), ['abort-started']);
    const advance = at(approve({ expiresMs: 60 * minute, onExpiry: 'advance' }));
    assert.deepEqual(advance.later(60 * minute - 1), []);
    assert.deepEqual(advance.later(1), ['step-passed']);
  });
});

describe('a freeze', () => {
  test('holds steps and deploys, never a rollback, and gives every timer its time back', () => {
    const story = deployed([expose(5)]);
    story.isReady();
    exposed(story);
    story.later(6 * minute);
    story.does({ type: 'freeze', reason: 'the fair' });
    assert.deepEqual(story.later(600 * minute), []);
    assert.match(story.refuses({ type: 'promote', full: true }).message, /the fair/);
    assert.equal(story.refuses({ type: 'deploy', build: build('v3'), promote: null }).code, 'frozen');
    story.does({ type: 'unfreeze' });
    assert.deepEqual(story.later(4 * minute - 1), []);
    assert.equal(story.later(1)[0], 'step-passed');
    story.does({ type: 'freeze', reason: null });
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), ['abort-started']);
  });

  test('and a pause that overlap count once', () => {
    const story = deployed([expose(5)]);
    story.isReady();
    exposed(story);
    story.does({ type: 'pause' });
    story.later(minute);
    story.does({ type: 'freeze', reason: null });
    story.later(minute);
    story.does({ type: 'resume' });
    story.later(minute);
    story.does({ type: 'unfreeze' });
    assert.deepEqual(story.later(10 * minute - 1), []);
    assert.equal(story.later(1)[0], 'step-passed');
  });
});

describe('a deploy during a release', () => {
  const v3 = (onConflict: 'refuse' | 'queue' | 'supersede') =>
    ({ type: 'deploy', build: build('v3'), promote: null, onConflict }) as const;

  test('is refused when nothing else was asked', () => {
    const story = deployed([expose(5)]);
    assert.equal(story.refuses(v3('refuse')).code, 'release-in-progress');
  });

  test('waits for its end when queued; the newest of several wins', () => {
    const story = deployed([approve()]);
    assert.deepEqual(story.does(v3('queue')), ['queued']);
    assert.deepEqual(story.does({ ...v3('queue'), build: build('v4') }), ['queued']);
    story.does({ type: 'approve', step: 0 });
    story.isReady();
    assert.deepEqual(story.routersHaveIt(), ['switched', 'superseded', 'release-started']);
    assert.equal(story.state.release?.build.version, 'v4');
    assert.equal(story.state.release?.from, 'v2');
    assert.equal(story.state.release?.actor, 'user:anna');
    assert.equal(story.state.queued, null);
  });

  test('aborts it when it shall supersede it; a rollback goes to what was live', () => {
    const story = deployed([expose(5)]);
    story.isReady();
    exposed(story);
    assert.deepEqual(story.does(v3('supersede')), [
      'queued',
      'abort-started',
      'superseded',
      'release-started',
    ]);
    assert.equal(story.state.release?.build.version, 'v3');
    assert.equal(story.state.release?.from, 'v1');
  });

  test('is forgotten by a rollback: who goes back does not want the next to follow by itself', () => {
    const story = deployed([approve()]);
    story.does(v3('queue'));
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), ['queued', 'abort-started']);
    story.hasStopped();
    assert.equal(story.status, 'aborted');
    assert.equal(story.state.queued, null);
  });
});

describe('the people who go first', () => {
  const exposeAll = (story: Story): void => {
    story.isReady();
    exposed(story);
  };
  const next = (story: Story, version: string, spec = canary([expose(30)])): number => {
    story.deploys(version, spec);
    if (story.status === 'clearing') story.hasStopped();
    story.isReady();
    exposeAll(story);
    return story.state.release!.cohort.offset;
  };
  const abort = (story: Story): void => {
    story.does({ type: 'abort', reason: null });
    story.hasStopped();
  };

  test('are others in each release, also after one that was aborted, until everybody has been', () => {
    const story = new Story();
    story.goesLive('v1');
    const offsets: number[] = [];
    for (const version of ['v2', 'v3', 'v4', 'v5']) {
      offsets.push(next(story, version));
      abort(story);
    }
    assert.deepEqual(offsets, [0, 30_000, 60_000, 90_000]);
    assert.equal(story.state.cohort.offset, 20_000, 'the window that closed the circle began the next');
  });

  test('are the same when a release is tried again, and when it exposed nobody', () => {
    const story = new Story();
    story.goesLive('v1');
    next(story, 'v2');
    abort(story);
    story.does({ type: 'retry' });
    if (story.status === 'clearing') story.hasStopped();
    assert.equal(story.state.release?.cohort.offset, 0);
    assert.equal(story.state.cohort.offset, 30_000, 'counted once');
    abort(story);
    story.deploys('v3', canary([expose(30)]));
    abort(story);
    assert.equal(next(story, 'v4'), 30_000, 'v3 exposed nobody');
  });

  test('are the same in every release where that was asked', () => {
    const story = new Story();
    story.goesLive('v1');
    const same = app({ strategy: 'steps', steps: [expose(30)], previewInstances: 1, cohort: 'same' });
    assert.equal(next(story, 'v2', same), 0);
    abort(story);
    assert.equal(next(story, 'v3', same), 0);
  });
});
