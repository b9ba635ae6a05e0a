import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { App } from '../../src/config/config.ts';
import type { ExposePolicy } from '../../src/config/release.ts';
import { teal } from '../../src/control/apps.ts';
import { perform } from '../../src/control/effects/perform.ts';
import type { JudgeMemory, TickRecord } from '../../src/control/judge/memory.ts';
import { settingsOf } from '../../src/control/judge/settings.ts';
import { evidenceOf } from '../../src/control/judge/view.ts';
import type { Pair, Stratum } from '../../src/judge/facts.ts';
import { begin, step } from '../../src/judge/judge.ts';
import { nothingCounted } from '../../src/metrics/counted.ts';
import { effects } from '../../src/release/effects.ts';
import { build, judged } from '../release/story.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';

const tickMs = 5;
const deadlineMs = 15_000;

const expose = (more: Partial<ExposePolicy> = {}): ExposePolicy => ({
  kind: 'expose',
  to: [],
  percent: 50,
  forMs: 10_000,
  judge: 'on',
  atMostMs: 3_600_000,
  withoutEvidence: 'ask',
  ...more,
});

function spec(steps: readonly ExposePolicy[]): App {
  const known = judged({ strategy: 'steps', steps, previewInstances: 1 });
  return { ...known, judge: { tickMs, alpha: 0.01, beta: 0.05, limits: {}, metrics: [] } };
}

/** v1 live, and the first people on v2. */
async function exposed(t: TestContext, steps: readonly ExposePolicy[] = [expose()]): Promise<FakeDeps> {
  const deps = await fakeDeps(t, spec(steps));
  const { signal } = new AbortController();
  for (const [version, last] of [
    ['v1', 'completed'],
    ['v2', 'stepping'],
  ] as const) {
    const wanted = { type: 'deploy', build: build(version, spec(steps)), promote: null } as const;
    await deps.apps.submit('shop', wanted, teal);
    const isThere = (): boolean => {
      const { release } = deps.apps.state('shop');
      return release?.status === last && (last === 'completed' || release.expose?.at != null);
    };
    for (let round = 0; round < 20 && !isThere(); round++) {
      for (const effect of effects(deps.apps.state('shop')))
        if (['run', 'retire', 'route', 'expose'].includes(effect.kind) && !isThere())
          await perform(deps, 'shop', effect, signal);
    }
    assert.ok(isThere(), `${version} is ${deps.apps.state('shop').release?.status}`);
  }
  return deps;
}

/** The judge at work until it ends by itself, or is given up. */
interface Work extends AsyncDisposable {
  readonly ended: Promise<void>;
}

function atWork(deps: FakeDeps): Work {
  const effect = effects(deps.apps.state('shop')).find(({ kind }) => kind === 'judge');
  assert.ok(effect, 'it is judged');
  const giveUp = new AbortController();
  const stop = deps.apps.listen((state) => {
    if (!effects(state).some(({ key }) => key === effect.key)) giveUp.abort();
  });
  const ended = perform(deps, 'shop', effect, giveUp.signal).finally(stop);
  ended.catch(() => undefined);
  return {
    ended,
    [Symbol.asyncDispose]: async () => {
      giveUp.abort();
      await ended.catch(() => undefined);
    },
  };
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + deadlineMs; performance.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  throw new Error(`it never happened: ${what}`);
}

const pair = (candidate: readonly [number, number], live: readonly [number, number]): Pair => ({
  candidate: { exposed: candidate[0], events: candidate[1] },
  live: { exposed: live[0], events: live[1] },
});

const stratum = (events: Stratum['events']): Stratum => ({
  name: 'all',
  events,
  scores: {},
  fresh: [],
  arrived: { candidate: 3, live: 3 },
  instances: [],
});

const guarded = ['errors', 'errors-3', 'slow-95', 'slow-99'] as const;
const all = (each: Pair): Stratum => stratum(Object.fromEntries(guarded.map((id) => [id, each])));
const counted = (strata: readonly Stratum[], seconds = 10) => ({
  ...nothingCounted(0),
  seconds,
  strata,
  requests: { candidate: 10, live: 10 },
  lost: false,
});
const bad = counted([all(pair([5, 5], [50, 0]))]);
const good = counted([all(pair([200, 0], [200, 0]))]);
const release = (deps: FakeDeps) => deps.apps.state('shop').release!;
const actions = async (deps: FakeDeps): Promise<readonly string[]> =>
  (await deps.store.recent({ stream: 'shop', limit: 20 })).map(({ type }) => type);

describe('the judge of a release', () => {
  test('takes everyone back when people on the candidate fail, with the figures', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = bad;
    await using work = atWork(deps);
    await work.ended;
    assert.equal(release(deps).status, 'aborting');
    assert.match(
      release(deps).reason ?? '',
      /people on green .*, 0 of .* on blue: .*× worse; rolled back after/,
    );
    assert.equal(release(deps).error?.code, 'verdict-fail');
    const evidence = await evidenceOf(deps, 'shop', undefined);
    assert.equal(evidence?.verdict.action, 'roll-back');
    assert.equal(evidence?.release, 'shop-2');
    assert.ok((evidence?.metrics[0]?.harmed ?? 0) >= 5);
    assert.equal(evidence?.verdict.guarantee, 'randomised');
  });

  test('lets the step pass when it is shown to be safe, after its least time', async (t) => {
    const deps = await exposed(t, [expose({ forMs: 60_000 }), expose({ percent: 75 })]);
    deps.router.counted = good;
    await using _ = atWork(deps);
    await until('the first step passed', () => release(deps).cursor === 1);
    const evidence = await evidenceOf(deps, 'shop', 'shop-2');
    const advance = evidence?.course.find(({ action }) => action === 'advance');
    assert.ok(advance !== undefined && advance.seconds >= 60, 'not before its least time');
    assert.ok((await actions(deps)).includes('judged'));
  });

  test('asks when there is nobody to compare, and says so', async (t) => {
    const deps = await exposed(t, [expose({ atMostMs: 30_000 })]);
    deps.router.counted = counted([]);
    await using _ = atWork(deps);
    await until('a person is asked', () => release(deps).verdict?.action === 'ask');
    await deps.apps.submit('shop', { type: 'approve', step: 0 }, { actor: 'user:ben', reason: null });
    assert.equal(release(deps).approvals[0]?.verdict?.action, 'ask');
  });

  test('goes on where it was after a restart: no tick is judged twice, and none is left out', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = counted([all(pair([5, 0], [50, 0]))]);
    for (const least of [3, 6, 9]) {
      await using _ = atWork(deps);
      await until(`${least} ticks`, async () => (await ticks(deps)).length >= least);
    }
    const stored = await ticks(deps);
    assert.deepEqual(
      stored.map(({ seq }) => seq),
      stored.map((_, index) => index),
    );
    const memory = (await deps.store.evidence.memory('shop', 'shop-2'))?.memory as JudgeMemory;
    const replayed = stored.reduce(
      (state, { data }) => {
        const { tick, frame } = data as TickRecord;
        return step(settingsOf(memory.ground, frame), state, tick);
      },
      begin(settingsOf(memory.ground, memory.frame)),
    );
    assert.deepEqual(JSON.parse(JSON.stringify(replayed)), memory.state, 'to the last bit');
  });

  test('says again what was stored when nobody heard of it', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = bad;
    const submit = deps.apps.submit.bind(deps.apps);
    let deaf = 0;
    t.mock.method(deps.apps, 'submit', async (...[app, input, by]: Parameters<typeof submit>) => {
      if (input.type === 'verdict' && input.verdict.action === 'roll-back' && deaf++ === 0)
        throw new Error('killed just then');
      return await submit(app, input, by);
    });
    await assert.rejects(atWork(deps).ended, /killed just then/);
    const before = (await ticks(deps)).length;
    await using work = atWork(deps);
    await work.ended;
    assert.equal(release(deps).status, 'aborting');
    assert.equal((await ticks(deps)).length, before, 'no tick more was needed');
  });

  test('asks the routers for the same tick again when it could not be stored', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = counted([all(pair([5, 0], [50, 0]))]);
    let failures = 1;
    const save = deps.store.evidence.save.bind(deps.store.evidence);
    t.mock.method(deps.store.evidence, 'save', async (...args: Parameters<typeof save>) => {
      if (failures-- > 0) throw new Error('disk full');
      await save(...args);
    });
    await assert.rejects(atWork(deps).ended, /disk full/);
    await using _ = atWork(deps);
    await until('a tick', async () => (await ticks(deps)).length > 1);
    assert.deepEqual(
      deps.router.counts.slice(0, 3).map(({ seq }) => seq),
      [0, 0, 1],
    );
  });

  test('never takes anybody back because nothing can be counted; in the end a person is asked', async (t) => {
    const deps = await exposed(t, [expose({ forMs: 10, atMostMs: 200 })]);
    deps.router.beforeCount = async () => {
      throw new Error('the router is away');
    };
    await using _ = atWork(deps);
    await until('a person is asked', () => release(deps).verdict?.action === 'ask');
    assert.match(release(deps).verdict?.sentence ?? '', /nothing could be counted/);
    assert.equal(release(deps).status, 'stepping');
    deps.router.counted = bad;
    deps.router.beforeCount = async () => undefined;
    await until('it goes on judging', () => release(deps).status === 'aborting');
  });

  test('goes on without counts that are lost or cannot be, and says that they are missing', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = { ...good, lost: true };
    await using _ = atWork(deps);
    await until('a tick', async () => (await ticks(deps)).length >= 1);
    deps.router.counted = counted([all(pair([0, 7], [NaN, 0]))]);
    const at = (await ticks(deps)).length;
    await until('more ticks', async () => (await ticks(deps)).length > at + 2);
    const evidence = await evidenceOf(deps, 'shop', 'shop-2');
    assert.ok((evidence?.counted.lost ?? 0) >= 3);
    assert.equal(release(deps).status, 'stepping');
  });

  test('rolls back by a rule, whatever the people say', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = good;
    const rules = async () => [
      { name: 'queue', outcome: 'fail', says: 'queue is 900, allowed 100' } as const,
    ];
    await using work = atWork({ ...deps, rules });
    await work.ended;
    assert.match(release(deps).reason ?? '', /^queue is 900, allowed 100; rolled back after/);
  });

  test('is forgotten release by release, the oldest first', async (t) => {
    const deps = await exposed(t);
    deps.router.counted = good;
    {
      await using _ = atWork(deps);
      await until('a tick', async () => (await ticks(deps)).length >= 1);
    }
    await assert.rejects(evidenceOf(deps, 'shop', 'shop-9'), /no evidence of shop-9/);
    await deps.store.evidence.keepNewest('shop', 0);
    assert.equal(await evidenceOf(deps, 'shop', undefined), null);
    assert.deepEqual(await ticks(deps), []);
  });
});

const ticks = (deps: FakeDeps) => deps.store.evidence.ticks('shop', 'shop-2');
