import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { effects } from '../../src/release/effects.ts';
import { app, build, Story } from './story.ts';

const smoke = { kind: 'command', name: 'smoke', command: 'true', timeoutMs: 1000 } as const;
const wishes = (story: Story): string[] => effects(story.state).map((effect) => effect.kind);

describe('a blue-green release', () => {
  test('goes live by one switch, and keeps the old environment until the window closes', () => {
    const story = new Story();
    story.goesLive('v1');
    assert.equal(story.status, 'completed');
    assert.equal(story.state.live, 'blue');
    story.deploys('v2');
    assert.equal(story.state.live, 'blue');
    assert.deepEqual(story.isReady(), ['candidate-ready', 'steps-passed']);
    assert.deepEqual(story.isReady(), ['switch-started']);
    assert.equal(story.state.live, 'green');
    assert.deepEqual(story.routersHaveIt(), ['switched']);
    assert.deepEqual(story.isDrained(), ['drained']);
    assert.deepEqual(story.later(3_599_999), []);
    assert.ok(story.state.environments.blue, 'warm until the last millisecond');
    assert.deepEqual(story.later(1), ['window-closed']);
    assert.deepEqual(story.hasStopped(), ['retired']);
    assert.equal(story.status, 'completed');
    assert.equal(story.state.environments.blue, null);
  });

  test('tests the candidate before the switch, and leaves live alone when a test fails', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', app({ tests: [smoke] }));
    story.isReady();
    assert.deepEqual(wishes(story), ['test', 'run', 'run', 'wake']);
    assert.deepEqual(story.tests('fail'), ['step-failed', 'abort-started']);
    assert.equal(story.state.live, 'blue');
    assert.equal(story.hasStopped()[0], 'retired');
    assert.equal(story.status, 'aborted');
    assert.equal(story.state.release?.error?.code, 'test-failed');
  });

  test('starts the candidate with a few instances for its tests, and at full size before the switch', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', app({ previewInstances: 1, tests: [smoke] }));
    const count = (): number | undefined => {
      const run = effects(story.state).find((effect) => effect.kind === 'run' && effect.colour === 'green');
      return run?.kind === 'run' ? run.counts['web'] : undefined;
    };
    assert.equal(count(), 1);
    story.isReady();
    story.tests('pass');
    assert.equal(count(), 2);
    assert.deepEqual(
      story.does({ type: 'environment-ready', colour: 'green', version: 'v2', size: 'preview' }),
      [],
    );
    assert.deepEqual(story.isReady(), ['switch-started']);
  });

  test('waits for a person when promotion is manual, and that wait does not count towards the deadline', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', app({ promote: { kind: 'manual' } }));
    story.isReady();
    assert.deepEqual(story.later(86_400_000), []);
    assert.deepEqual(story.does({ type: 'promote', full: false }), ['step-passed', 'steps-passed']);
    assert.deepEqual(story.later(1000), []);
    assert.deepEqual(story.isReady(), ['switch-started']);
  });

  test('promotes itself after the time that was asked for', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', app({ promote: { kind: 'auto', afterMs: 10_000 } }));
    story.isReady();
    assert.deepEqual(story.later(9_999), []);
    assert.deepEqual(story.later(1), ['step-passed', 'steps-passed']);
  });

  test('is aborted at its deadline and says in which state, but a pause longer than the deadline is no timeout', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2', app({ deadlineMs: 60_000 }));
    story.does({ type: 'pause' });
    assert.deepEqual(story.later(600_000), []);
    story.does({ type: 'resume' });
    assert.deepEqual(story.later(59_999), []);
    assert.deepEqual(story.later(1), ['abort-started']);
    assert.match(story.state.release?.reason ?? '', /deadline of 60 s passed while starting the candidate/);
  });

  test('does not switch while it is paused', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    story.does({ type: 'pause' });
    story.isReady();
    story.isReady();
    assert.equal(story.state.live, 'blue');
    story.does({ type: 'resume' });
    story.isReady();
    assert.equal(story.state.live, 'green');
  });

  test('names each difference between the environments, and of secrets only that they differ', () => {
    const story = new Story();
    story.goesLive(
      'v1',
      app({}, [
        { environment: { MODE: { kind: 'plain', value: 'a' }, KEY: { kind: 'plain', value: 'hunter2' } } },
      ]),
    );
    story.deploys(
      'v2',
      app({}, [
        {
          instances: 3,
          environment: {
            MODE: { kind: 'plain', value: 'b' },
            KEY: { kind: 'secret', source: 'env', name: 'K' },
          },
        },
      ]),
    );
    story.isReady();
    assert.deepEqual(story.state.release?.differences, [
      { role: 'web', what: 'instances', live: '2', candidate: '3' },
      { role: 'web', what: 'environment KEY', live: 'differs', candidate: 'differs' },
      { role: 'web', what: 'environment MODE', live: 'a', candidate: 'b' },
    ]);
  });
});

describe('a step', () => {
  const waits = (story: Story): void => {
    story.deploys('v1', app({ steps: [{ kind: 'wait', ms: 10_000 }] }));
    story.now += 1000;
    story.does({ type: 'freeze', reason: null });
    story.now += 60_000;
  };

  test('that began while its app was frozen takes its own time from then on, not a moment more or less', () => {
    const story = new Story();
    waits(story);
    assert.deepEqual(story.isReady(), ['candidate-ready']);
    story.now += 5000;
    story.does({ type: 'unfreeze' });
    assert.deepEqual(story.later(9_999), []);
    assert.deepEqual(story.later(1), ['step-passed', 'steps-passed']);
  });

  test('does not end early when the clock was set back while Teal was away, and its app was frozen', () => {
    const story = new Story();
    waits(story);
    story.now -= 900_000;
    story.isReady();
    story.now += 5000;
    story.does({ type: 'unfreeze' });
    assert.deepEqual(story.later(9_999), []);
    assert.deepEqual(story.later(1), ['step-passed', 'steps-passed']);
  });
});

describe('rollback', () => {
  test('inside the window is one routing change, also when the new version is crashing at that moment', () => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    assert.deepEqual(story.does({ type: 'rollback', reason: 'bad prices' }), ['rollback-started']);
    assert.equal(story.state.live, 'blue');
    assert.deepEqual(story.fails(), []);
    assert.deepEqual(story.routersHaveIt(), ['switched']);
    assert.deepEqual(story.hasStopped(), ['retired']);
    assert.equal(story.status, 'rolled-back');
    assert.equal(story.state.release?.reason, 'bad prices');
    assert.deepEqual(
      story.state.lives.map((life) => life.version),
      ['v1'],
    );
  });

  test('happens by itself when what went live keeps crashing inside the window', () => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    assert.deepEqual(story.fails('web crashed 5 times'), ['rollback-started']);
    assert.equal(story.state.release?.reason, 'web crashed 5 times');
  });

  test('after the window starts the old version first, with the settings it had, and then switches', () => {
    const story = new Story();
    const old = app({}, [{ instances: 7 }]);
    story.goesLive('v1', old);
    story.goesLive('v2');
    story.isDrained();
    story.later(3_600_000);
    story.hasStopped();
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), ['release-started', 'cleared']);
    assert.equal(story.state.live, 'green', 'nobody is sent to what does not run yet');
    assert.equal(story.state.environments.blue?.spec.roles[0]?.instances, 7);
    story.isReady();
    story.isReady();
    assert.equal(story.state.live, 'blue');
    assert.deepEqual(
      story.state.lives.map((life) => life.version),
      ['v1'],
    );
  });

  test('before the switch aborts the release', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), ['abort-started']);
  });

  test('with nothing to go back to is refused, and says so', () => {
    const story = new Story();
    assert.equal(story.refuses({ type: 'rollback', reason: null }).code, 'nothing-to-roll-back-to');
    story.goesLive('v1');
    assert.equal(story.refuses({ type: 'rollback', reason: null }).code, 'nothing-to-roll-back-to');
  });

  test('learns nothing of the candidate from a drain of before, whose word comes late', () => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    const { id } = story.state.release!;
    story.does({ type: 'rollback', reason: null });
    story.routersHaveIt();
    const drain = { finished: 0, cut: 0, seconds: 0 };
    assert.deepEqual(story.does({ type: 'drained', release: id, colour: 'blue', drain }), []);
    assert.deepEqual(story.does({ type: 'drained', release: id, colour: 'green', drain }).slice(0, 1), [
      'drained',
    ]);
  });

  test('of a rollback is not an abort of the way back: asked twice, it happens once', () => {
    const story = new Story();
    story.goesLive('v0');
    story.goesLive('v1');
    story.goesLive('v2');
    story.does({ type: 'rollback', reason: null });
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), []);
    story.routersHaveIt();
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), [], 'while the candidate still drains');
    assert.equal(story.state.lives.at(-1)?.version, 'v1');
  });
});

describe('one release after another', () => {
  test('a second deploy during a release is refused, with what to do', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    const error = story.refuses({ type: 'deploy', build: build('v3'), promote: null });
    assert.equal(error.code, 'release-in-progress');
    assert.match(error.remedy, /teal abort shop/);
  });

  test('a deploy inside the window ends the old release where it stands, and empties its environment first', () => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    assert.deepEqual(story.deploys('v3'), ['superseded', 'release-started']);
    assert.equal(story.status, 'clearing');
    assert.deepEqual(wishes(story), ['retire', 'run', 'wake']);
    assert.deepEqual(story.hasStopped(), ['cleared']);
    assert.equal(story.status, 'starting');
    assert.equal(story.state.environments.blue?.version, 'v3');
  });

  test('after an abort a third version can be deployed at once', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    story.does({ type: 'abort', reason: null });
    assert.deepEqual(story.deploys('v3'), ['superseded', 'release-started']);
    story.hasStopped();
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    assert.equal(story.state.lives.at(-1)?.version, 'v3');
  });

  test('retry tries an aborted release again, and is refused for one that is live', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    story.fails();
    story.hasStopped();
    assert.deepEqual(story.does({ type: 'retry' }), ['release-started', 'cleared']);
    story.isReady();
    story.isReady();
    story.routersHaveIt();
    assert.equal(story.refuses({ type: 'retry' }).code, 'wrong-state');
  });

  test('deploying what is live is refused, and during a release ends the release', () => {
    const story = new Story();
    story.goesLive('v1');
    assert.equal(story.refuses({ type: 'deploy', build: build('v1'), promote: null }).code, 'already-live');
    story.deploys('v2');
    assert.deepEqual(story.deploys('v1'), ['abort-started']);
  });

  test('remove drains and stops both environments and forgets the app', () => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    story.does({ type: 'remove' });
    assert.equal(story.state.live, null);
    assert.deepEqual(wishes(story), ['retire', 'retire']);
    story.hasStopped();
    assert.deepEqual(story.hasStopped(), ['retired', 'removed']);
    assert.equal(story.refuses({ type: 'pause' }).code, 'app-unknown');
  });
});

describe('what is urgent', () => {
  test('the routers come before everything else at a switch and at a rollback', () => {
    const story = new Story();
    story.goesLive('v1');
    story.deploys('v2');
    story.isReady();
    story.isReady();
    assert.equal(wishes(story)[0], 'route');
    story.routersHaveIt();
    story.does({ type: 'rollback', reason: null });
    assert.equal(wishes(story)[0], 'route');
  });
});

describe('an app that is being removed', () => {
  test('takes no new settings, which would go with it', () => {
    const story = new Story();
    story.goesLive('v1');
    story.does({ type: 'remove' });
    const refused = story.refuses({ type: 'apply', config: app() });
    assert.equal(refused.code, 'wrong-state');
    assert.match(refused.message, /it is being removed/);
    story.hasStopped();
    assert.deepEqual(story.does({ type: 'apply', config: app() }), ['applied']);
  });
});

describe('parity of the two environments', () => {
  const differences = (story: Story): readonly string[] =>
    story.state.release?.differences.map(({ what, live, candidate }) => `${what}: ${live} → ${candidate}`) ??
    [];

  test('names other numbers of instances', () => {
    const story = new Story(app({}, [{ instances: 2 }]));
    story.goesLive('v1', app({}, [{ instances: 2 }]));
    story.deploys('v2', app({}, [{ instances: 4 }]));
    story.isReady();
    assert.deepEqual(differences(story), ['instances: 2 → 4']);
  });

  test('counts the instances that teal scale set for both', () => {
    const story = new Story(app({}, [{ instances: 2 }]));
    story.goesLive('v1', app({}, [{ instances: 2 }]));
    story.does({ type: 'scale', role: null, instances: 3 });
    story.deploys('v2', app({}, [{ instances: 4 }]));
    story.isReady();
    assert.deepEqual(differences(story), []);
  });
});

describe('roles that run in the live environment only', () => {
  const roles = [{}, { name: 'worker', kind: 'background', runsIn: 'live', health: null }] as const;

  test('are handed over to the new environment at the switch and back at a rollback', () => {
    const story = new Story();
    const spec = app({}, [...roles]);
    story.goesLive('v1', spec);
    const place = (): string[] =>
      effects(story.state).flatMap((effect) =>
        effect.kind === 'hand-over' ? [`${effect.colour} ${effect.environment.version}`] : [],
      );
    assert.deepEqual(place(), ['blue v1']);
    story.goesLive('v2', spec);
    assert.deepEqual(place(), ['green v2']);
    story.does({ type: 'rollback', reason: null });
    assert.deepEqual(place(), ['blue v1']);
  });
});
