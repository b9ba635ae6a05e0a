/** Apps that are released together: in lockstep, with one switch and one way back, whatever happens to any of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { App } from '../../src/config/config.ts';
import type { StepPolicy } from '../../src/config/release.ts';
import { stepsTogether } from '../../src/release/group-steps.ts';
import type { Step } from '../../src/release/state.ts';
import { stepName } from '../../src/release/steps.ts';
import { transitions } from '../../src/release/transitions.ts';
import { Ensemble } from './ensemble.ts';
import { judged } from './story.ts';

const smoke = (name: string): App['release']['tests'][number] => ({
  kind: 'command',
  name,
  command: 'true',
  timeoutMs: 1000,
});
const expose = (percent: number, forMs = 60_000): StepPolicy => ({ kind: 'expose', to: [], percent, forMs });
const gate: StepPolicy = {
  kind: 'approve',
  role: null,
  by: null,
  fourEyes: true,
  expiresMs: null,
  onExpiry: 'abort',
};
const phased: Partial<App['release']> = { steps: [expose(5), gate, expose(50)], previewInstances: 1 };

const running = (policy: Partial<App['release']> = {}): Ensemble => {
  const shop = new Ensemble({ storefront: { ...policy, tests: [smoke('pages')] }, api: policy });
  shop.deploys({ storefront: 'v1', api: 'v1' });
  shop.worksOn();
  // The first version of both: nobody to expose it to, but the gate is there.
  shop.actor = 'user:ben';
  if (shop.statuses.startsWith('stepping')) shop.does('api', { type: 'approve', step: 1 });
  shop.actor = 'user:anna';
  shop.worksOn();
  assert.equal(shop.live, 'v1 v1');
  return shop;
};

describe('steps of a group', () => {
  const step = (name: string): Step => ({ kind: 'test', name, test: smoke(name) });
  const wait: Step = { kind: 'wait', ms: 1 };
  const promote: Step = { kind: 'promote' };

  test('are one list: each app takes its own tests, and all take the shared steps', () => {
    const steps = stepsTogether([
      { app: 'a', steps: [step('one'), wait, promote], live: true },
      { app: 'b', steps: [step('two'), wait, step('three'), promote], live: true },
    ]);
    const kinds = [...(steps ?? [])].map(([, all]) => all.map(({ kind }) => kind).join(' '));
    assert.deepEqual(kinds, ['test member wait member promote', 'member test wait test promote']);
  });

  test('of one app alone are named in the lists of the others', () => {
    const steps = stepsTogether([
      { app: 'a', steps: [step('one'), promote], live: true },
      { app: 'b', steps: [promote], live: true },
    ]);
    assert.deepEqual(steps?.get('b')?.map(stepName), ['test one of a', 'promote']);
  });

  test('are none when the apps do not share the same', () => {
    assert.equal(
      stepsTogether([
        { app: 'a', steps: [wait, promote], live: true },
        { app: 'b', steps: [promote], live: true },
      ]),
      null,
    );
  });
});

describe('apps that are released together', () => {
  test('begin as one release, and one that is deployed alone is refused with what to type', () => {
    const shop = new Ensemble({ storefront: {}, api: {} });
    const told = shop.deploys({ storefront: 'v1', api: 'v4' });
    assert.deepEqual(told.filter((line) => line.endsWith('release-started')).length, 2);
    assert.deepEqual(
      shop.all.map(({ release }) => release?.group?.id),
      ['shop-1', 'shop-1'],
    );
    const alone = shop.asks('api', {
      type: 'deploy',
      build: { version: 'v5', directory: null, spec: shop.of('api').config! },
      promote: null,
    });
    assert.equal(alone.refused?.code, 'released-together');
    assert.match(alone.refused?.remedy ?? '', /teal deploy shop api=<version>/);
  });

  test('wait for the slowest at each step, and switch in one transaction', () => {
    const shop = running();
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn(['storefront']);
    assert.equal(shop.statuses, 'starting starting', 'its candidate is up, and waits');
    const scaling = (): boolean => shop.statuses === 'scaling scaling';
    for (let round = 0; round < 20 && !scaling(); round++) shop.works(round % 2 === 0 ? 'api' : 'storefront');
    assert.equal(scaling(), true);
    shop.worksOn(['api']);
    assert.equal(scaling(), true);
    shop.works('storefront');
    assert.equal(shop.statuses, 'switching switching');
    assert.equal(shop.live, 'v2 v2');
  });

  test('expose the same people at the same time, and pass when time is up for all', () => {
    const shop = running(phased);
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    assert.deepEqual(shop.cursors, [1, 1]);
    const exposed = shop.all.map(({ release }) => [release?.exposed, release?.cohort]);
    assert.deepEqual(exposed[0], exposed[1]);
    assert.equal(shop.all[0]?.release?.exposed[0]?.width, 5000);
    assert.deepEqual(shop.later(59_000), []);
    shop.later(2000);
    assert.deepEqual(shop.cursors, [2, 2]);
    assert.equal(shop.asks('api', { type: 'approve', step: 2 }).refused?.code, 'not-allowed', 'four eyes');
    shop.actor = 'user:ben';
    shop.does('api', { type: 'approve', step: 2 });
    shop.worksOn();
    assert.deepEqual(shop.cursors, [3, 3]);
    shop.later(61_000);
    shop.worksOn();
    assert.equal(shop.live, 'v2 v2');
  });

  test('move on by the same offset, also when only one of them was released meanwhile', () => {
    const shop = running({ steps: [expose(5)], previewInstances: 1 });
    const go = (versions: Record<string, string>): (number | undefined)[] => {
      shop.now += 10_000_000;
      shop.later(0);
      shop.worksOn();
      shop.deploys(versions);
      shop.worksOn();
      const offsets = Object.keys(versions).map((app) => shop.of(app).release?.cohort.offset);
      shop.later(61_000);
      shop.worksOn();
      return offsets;
    };
    assert.deepEqual(go({ storefront: 'v2', api: 'v2' }), [0, 0]);
    assert.deepEqual(go({ storefront: 'v3' }), [5000]);
    assert.deepEqual(go({ storefront: 'v4', api: 'v4' }), [10_000, 10_000]);
  });

  test('wait while one of them is copied to, however long that takes', () => {
    const copies: StepPolicy = {
      kind: 'mirror',
      of: [],
      percent: 10,
      methods: ['GET'],
      forMs: 3_600_000,
      timeoutMs: 1000,
      maxBodyBytes: 1,
    };
    const shop = new Ensemble({ storefront: { steps: [copies], previewInstances: 1 }, api: {} });
    for (const version of ['v1', 'v2']) {
      shop.deploys({ storefront: version, api: version });
      shop.worksOn();
    }
    assert.deepEqual(shop.cursors, [0, 0]);
    shop.later(3_500_000);
    assert.equal(shop.statuses, 'stepping stepping');
    shop.later(200_000);
    shop.worksOn();
    assert.equal(shop.live, 'v2 v2');
  });

  test('hold when one of them is paused, frozen or outside its windows', () => {
    const shop = running(phased);
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    shop.does('storefront', { type: 'pause' });
    assert.ok(shop.all.every(({ release }) => release?.pausedAt !== null));
    assert.deepEqual(shop.later(120_000), []);
    shop.does('api', { type: 'resume' });
    shop.does('api', { type: 'freeze', reason: 'the fair' });
    assert.ok(shop.all.every(({ frozen }) => frozen !== null));
    assert.deepEqual(shop.later(120_000), []);
    shop.does('storefront', { type: 'unfreeze' });
    shop.later(61_000);
    assert.deepEqual(shop.cursors, [2, 2]);
  });

  for (const [how, act] of [
    ['an abort of one', (shop: Ensemble) => shop.does('api', { type: 'abort', reason: 'wrong build' })],
    ['a rejection of one', (shop: Ensemble) => shop.does('api', { type: 'rollback', reason: null })],
    ['a crash of one', (shop: Ensemble) => shop.fails('storefront')],
  ] as const)
    test(`${how} is one of all, and candidates stop when nobody is in any of them`, () => {
      const shop = running(phased);
      shop.deploys({ storefront: 'v2', api: 'v2' });
      shop.worksOn();
      act(shop);
      assert.equal(shop.statuses, 'aborting aborting');
      const phases = (): string =>
        shop.all.map(({ release, environments }) => environments[release!.colour]?.phase ?? 'gone').join(' ');
      assert.equal(phases(), 'running running');
      shop.works('api');
      assert.equal(phases(), 'running running', 'the storefront has people yet');
      assert.match(shop.asksToDeploy({ storefront: 'v3', api: 'v3' }).refused?.code ?? '', /in-progress/);
      shop.works('storefront');
      assert.equal(phases(), 'stopping stopping');
      shop.worksOn();
      assert.equal(shop.statuses, 'aborted aborted');
      assert.equal(shop.live, 'v1 v1');
    });

  describe('that are judged', () => {
    const judgedStep: StepPolicy = {
      kind: 'expose',
      to: [],
      percent: 5,
      forMs: 60_000,
      judge: 'on',
      atMostMs: 900_000,
      withoutEvidence: 'ask',
    };
    const begun = (): Ensemble => {
      const policy = { steps: [judgedStep], previewInstances: 1 };
      const shop = new Ensemble({ storefront: policy, api: policy }, { spec: judged });
      for (const version of ['v1', 'v2']) {
        shop.deploys({ storefront: version, api: version });
        shop.worksOn();
      }
      assert.equal(shop.statuses, 'stepping stepping');
      return shop;
    };

    test('go back together by a verdict about one of them', () => {
      const shop = begun();
      assert.deepEqual(shop.judges('api', 'roll-back'), ['api: abort-started', 'storefront: abort-started']);
      assert.match(shop.of('storefront').release?.reason ?? '', /11 of 214 people.*\(api\)/);
    });

    test('go on when there is evidence for all of them', () => {
      const shop = begun();
      shop.judges('api', 'advance');
      assert.deepEqual(shop.cursors, [0, 0]);
      shop.judges('storefront', 'advance');
      shop.worksOn();
      assert.equal(shop.live, 'v2 v2');
    });

    test('go on by a word of a person to one of them, whose judge asks', () => {
      const shop = begun();
      shop.judges('api', 'ask');
      shop.does('storefront', { type: 'approve', step: 0 });
      shop.worksOn();
      assert.equal(shop.live, 'v2 v2');
    });

    test('go back after the switch by a verdict about one of them', () => {
      const shop = begun();
      for (const app of ['api', 'storefront']) shop.judges(app, 'advance');
      shop.worksOn();
      shop.judges('storefront', 'roll-back');
      assert.equal(shop.statuses, 'reverting reverting');
    });
  });

  test('a failed test of one aborts all', () => {
    const shop = running();
    shop.deploys({ storefront: 'v2', api: 'v2' });
    for (let rounds = 0; rounds < 9 && shop.statuses !== 'stepping stepping'; rounds++)
      for (const app of ['storefront', 'api']) if (!shop.statuses.includes('stepping')) shop.works(app);
    const { id } = shop.of('storefront').release!;
    shop.does('storefront', { type: 'test-failed', release: id, cursor: 0, error: {} as never });
    assert.equal(shop.statuses, 'aborting aborting');
  });

  test('a rollback of one is that of all: at once while the old environments are warm', () => {
    const shop = running();
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    assert.equal(shop.statuses, 'promoted promoted');
    const told = shop.does('api', { type: 'rollback', reason: 'slow' });
    assert.deepEqual(told, ['storefront: rollback-started', 'api: rollback-started']);
    assert.equal(shop.live, 'v1 v1');
    shop.worksOn();
    assert.equal(shop.statuses, 'rolled-back rolled-back');
  });

  test('a crash of one after the switch takes all back', () => {
    const shop = running();
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    shop.fails('api');
    assert.equal(shop.statuses, 'reverting reverting');
    assert.match(shop.of('storefront').release?.reason ?? '', /it crashed \(api\)/);
  });

  test('after the window the versions before start again, and switch together', () => {
    const shop = running();
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    shop.later(4_000_000);
    shop.worksOn();
    assert.equal(shop.statuses, 'completed completed');
    shop.does('storefront', { type: 'rollback', reason: null });
    assert.equal(shop.statuses, 'starting starting');
    shop.worksOn();
    assert.equal(shop.live, 'v1 v1');
  });

  test('windows close together, when the last has drained', () => {
    const shop = running({ rollbackWindowMs: 0 });
    shop.deploys({ storefront: 'v2', api: 'v2' });
    while (shop.statuses !== 'promoted promoted')
      for (const app of shop.states.keys()) if (shop.statuses !== 'promoted promoted') shop.works(app);
    shop.works('api');
    assert.equal(shop.statuses, 'promoted promoted');
    shop.works('storefront');
    assert.equal(shop.statuses, 'retiring retiring');
  });

  test('one without a version before it stays when the others go back', () => {
    const shop = new Ensemble({ storefront: {}, api: {} });
    shop.deploys({ storefront: 'v1' });
    shop.worksOn();
    shop.deploys({ storefront: 'v2', api: 'v1' });
    shop.worksOn();
    assert.equal(shop.live, 'v2 v1');
    shop.does('api', { type: 'rollback', reason: null });
    shop.worksOn();
    assert.equal(shop.live, 'v1 v1');
    assert.equal(shop.of('api').release?.status, 'completed');
  });

  test('a deploy that has to wait waits for all, and begins with all', () => {
    const shop = running(phased);
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    assert.equal(shop.asksToDeploy({ storefront: 'v3', api: 'v3' }).refused?.code, 'release-in-progress');
    shop.deploys({ storefront: 'v3', api: 'v3' }, 'supersede');
    assert.equal(shop.statuses, 'aborting aborting');
    shop.worksOn();
    assert.deepEqual(
      shop.all.map(({ release }) => release?.build.version),
      ['v3', 'v3'],
    );
  });

  test('nothing begins with an app that is being removed, also when it had waited', () => {
    const shop = running({ rollbackWindowMs: 60_000 });
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.deploys({ storefront: 'v3', api: 'v3' }, 'queue');
    shop.does('api', { type: 'remove' });
    const asked = shop.asksToDeploy({ api: 'v4' });
    assert.equal(asked.refused?.code, 'app-unknown');
    shop.worksOn();
    assert.equal(shop.of('api').config, null);
    assert.equal(shop.of('api').release?.build.version, 'v2');
    assert.equal(shop.of('storefront').queued, null);
  });

  test('one that was removed while all were frozen keeps nobody frozen', () => {
    const shop = running({ rollbackWindowMs: 60_000 });
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    shop.does('api', { type: 'freeze', reason: 'the fair' });
    shop.does('api', { type: 'remove' });
    shop.worksOn();
    shop.does('storefront', { type: 'unfreeze' });
    assert.equal(shop.of('storefront').frozen, null);
    shop.later(60_000);
    shop.worksOn();
    assert.equal(shop.of('storefront').release?.status, 'completed');
  });

  test('a word to the release that goes on is one to it, also when the clock was set back before it began', () => {
    const shop = running(phased);
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    shop.does('api', { type: 'abort', reason: null });
    shop.worksOn();
    assert.equal(shop.statuses, 'aborted aborted');
    shop.now -= 3_600_000;
    shop.deploys({ storefront: 'v3' });
    shop.does('storefront', { type: 'pause' });
    assert.ok(shop.of('storefront').release?.pausedAt);
    shop.does('storefront', { type: 'abort', reason: null });
    assert.equal(shop.statuses, 'aborting aborted');
  });

  test('no two releases of a group have the same number, whoever took part in them', () => {
    const shop = running();
    const ids: (string | undefined)[] = [];
    const one = (app: string, version: string): void => {
      shop.deploys({ [app]: version });
      shop.worksOn();
      ids.push(shop.of(app).release?.group?.id);
    };
    for (const version of ['v2', 'v3', 'v4']) one('storefront', version);
    for (const version of ['v2', 'v3', 'v4']) one('api', version);
    assert.equal(new Set(ids).size, ids.length, ids.join(' '));
  });

  test('a retry meets the same people', () => {
    const shop = running(phased);
    shop.deploys({ storefront: 'v2', api: 'v2' });
    shop.worksOn();
    const cohort = shop.of('api').release?.cohort;
    shop.does('api', { type: 'abort', reason: null });
    shop.worksOn();
    shop.does('storefront', { type: 'retry' });
    shop.worksOn();
    assert.deepEqual(shop.of('api').release?.cohort, cohort);
    assert.equal(shop.of('api').release?.group?.id, shop.of('storefront').release?.group?.id);
  });
});

/** What a person, a machine or time may do at any moment. */
const deeds = fc.constantFrom(
  'work storefront',
  'work api',
  'rest',
  'rest',
  'rest',
  'time',
  'deploy',
  'deploy',
  'deploy one',
  'approve',
  'promote',
  'abort',
  'rollback',
  'retry',
  'pause',
  'resume',
  'fail storefront',
  'fail api',
);

test('whatever happens, they are live, and exposed, as one', () => {
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 120 }), (list) => {
      const shop = running(phased);
      let version = 1;
      for (const deed of list) {
        act(shop, deed, () => `v${++version}`);
        const together = shop.all.filter(({ release }) => release?.group?.id !== undefined);
        const ids = Map.groupBy(together, ({ release }) => release!.group!.id);
        for (const parts of ids.values()) {
          const sides = new Set(parts.map(({ live, release }) => live === release!.colour));
          assert.equal(sides.size, 1, `${deed}: ${shop.statuses}`);
          const exposed = new Set(parts.map(({ release }) => JSON.stringify(release!.exposed)));
          assert.equal(exposed.size, 1, `${deed}: ${shop.statuses}`);
          const ended = new Set(
            parts.map(({ release }) => ['aborted', 'rolled-back'].includes(release!.status)),
          );
          const over = parts.every(({ release }) => transitions[release!.status].ended);
          assert.ok(!over || ended.size === 1, `${deed}: ${shop.statuses}`);
        }
      }
    }),
    { numRuns: 150 },
  );
});

function act(shop: Ensemble, deed: string, next: () => string): void {
  const [what = '', app = 'api'] = deed.split(' ');
  const ask = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TealError') throw error;
    }
  };
  const step = shop.of('api').release?.cursor ?? 0;
  shop.actor = what === 'approve' ? 'user:ben' : 'user:anna';
  switch (what) {
    case 'work':
      return void shop.works(app);
    case 'rest':
      return shop.worksOn();
    case 'time':
      return void shop.later(61_000);
    case 'deploy':
      return ask(() => shop.deploys(app === 'one' ? { api: next() } : { storefront: next(), api: next() }));
    case 'approve':
      return ask(() => shop.does('api', { type: 'approve', step }));
    case 'promote':
      return ask(() => shop.does('storefront', { type: 'promote', full: true }));
    case 'fail':
      return void shop.fails(app);
    case 'abort':
    case 'rollback':
      return ask(() => shop.does('storefront', { type: what, reason: null }));
    case 'retry':
    case 'pause':
    case 'resume':
      return ask(() => shop.does('api', { type: what }));
  }
}
