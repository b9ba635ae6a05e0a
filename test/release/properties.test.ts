import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TealError } from '../../src/errors.ts';
import { decide } from '../../src/release/decide.ts';
import { effects } from '../../src/release/effects.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import type { Exposure } from '../../src/audience/table.ts';
import type { AppState, Colour } from '../../src/release/state.ts';
import { colours, other, releaseStatuses } from '../../src/release/state.ts';
import { evolve } from '../../src/release/evolve.ts';
import { byAnyone } from '../../src/release/steps.ts';
import { isUnjudged, judging } from '../../src/release/judging.ts';
import { transitions } from '../../src/release/transitions.ts';
import { build, judged, Story, verdict } from './story.ts';

const spec = judged({
  tests: [{ kind: 'command', name: 't', command: 't', timeoutMs: 1 }],
  promote: { kind: 'auto', afterMs: 50 },
  strategy: 'steps',
  steps: [
    { kind: 'expose', to: ['staff'], percent: null, forMs: 50 },
    { ...byAnyone, expiresMs: 5000 },
    { kind: 'warm', paths: ['/'], count: 1 },
    {
      kind: 'mirror',
      of: [],
      percent: null,
      methods: ['GET'],
      forMs: 50,
      timeoutMs: 1,
      maxBodyBytes: 1,
    },
    { kind: 'expose', to: [], percent: 50, forMs: 50, judge: 'on', atMostMs: 100, withoutEvidence: 'ask' },
  ],
  previewInstances: 1,
  deadlineMs: 5000,
  rollbackWindowMs: 2000,
});
const error = new TealError('crash-loop', 'crashed', { remedy: 'look' }).toJSON();
const drain = { finished: 0, cut: 0, seconds: 0 };

const deploys = ['v1', 'v2', 'v3'].map((each) => ({
  type: 'deploy' as const,
  build: build(each, spec),
  promote: null,
}));

const actions = ['roll-back', 'restart-instance', 'stop', 'freeze', 'advance', 'ask', 'wait'] as const;
const past = { slow: { q95: 20, q99: 80 }, scale: [] };

/** Anything a person may press and anything that may be found out, right or wrong for the state. */
function anything(state: AppState): readonly (Command | Fact)[] {
  const release = state.release?.id ?? 'shop-0';
  const cursor = state.release?.cursor ?? 0;
  const version = (colour: 'blue' | 'green'): string => state.environments[colour]?.version ?? 'v0';
  const facts = colours.flatMap((colour): Fact[] => [
    { type: 'environment-ready', colour, version: version(colour), size: 'preview' },
    { type: 'environment-ready', colour, version: version(colour), size: 'full' },
    { type: 'environment-ready', colour, version: version(colour), size: 50, past },
    { type: 'environment-failed', colour, version: version(colour), error },
    { type: 'environment-stopped', colour, drain },
    { type: 'table-acknowledged', release, live: colour, generation: 1 },
    { type: 'drained', release, colour, drain },
  ]);
  return [
    ...facts,
    { type: 'test-passed', release, cursor, output: '' },
    { type: 'test-failed', release, cursor, error },
    { type: 'exposure-acknowledged', release, cursor, generation: 1 },
    { type: 'warmed', release, cursor, output: '' },
    ...actions.map((action): Fact => ({ type: 'verdict', release, cursor, verdict: verdict(action) })),
    { type: 'approve', step: cursor },
    { type: 'reject', step: cursor, reason: 'no' },
    { type: 'freeze', reason: null },
    { type: 'unfreeze' },
    { ...deploys[1]!, onConflict: 'queue' },
    { ...deploys[2]!, onConflict: 'supersede' },
    { type: 'tick' },
    { type: 'promote', full: false },
    { type: 'promote', full: true },
    { type: 'abort', reason: null },
    { type: 'retry' },
    { type: 'rollback', reason: null },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'restart' },
    { type: 'scale', role: null, instances: 3 },
    { type: 'apply', config: spec },
    ...deploys,
    { type: 'remove' },
  ];
}

/** What the work that the state asks for would find out if it went well, and the next release when all is done. */
function progress(state: AppState): readonly (Command | Fact)[] {
  if (state.release && transitions[state.release.status].ended && !state.removing) return deploys;
  if (state.release?.status === 'stepping' && state.release.steps[state.release.cursor]?.kind === 'approve')
    return [{ type: 'approve', step: state.release.cursor }];
  return effects(state).flatMap((effect): Fact[] => {
    switch (effect.kind) {
      case 'run':
        return [
          {
            type: 'environment-ready',
            colour: effect.colour,
            version: effect.environment.version,
            size: effect.environment.size,
            past,
          },
        ];
      case 'retire':
        return [{ type: 'environment-stopped', colour: effect.colour, drain }];
      case 'route':
        return [{ type: 'table-acknowledged', release: effect.release, live: effect.live, generation: 1 }];
      case 'drain':
        return [{ type: 'drained', release: effect.release, colour: effect.colour, drain }];
      case 'test':
        return [{ type: 'test-passed', release: effect.release.id, cursor: effect.cursor, output: '' }];
      case 'warm':
        return [{ type: 'warmed', release: effect.release.id, cursor: effect.cursor, output: '' }];
      case 'expose':
        return [
          {
            type: 'exposure-acknowledged',
            release: effect.release,
            cursor: effect.cursor,
            generation: 1,
          },
        ];
      case 'judge': {
        const cursor = state.release?.cursor ?? 0;
        return [{ type: 'verdict', release: effect.release, cursor, verdict: verdict('advance') }];
      }
      case 'migrate': {
        const { name: migration, round } = effect.migration;
        return [{ type: 'phase-passed', migration, round, phase: effect.phase, steps: 1, ran: 1, ms: 1 }];
      }
      case 'hand-over':
      case 'wake':
        return [{ type: 'tick' }];
    }
  });
}

/** Mostly work that goes well, so that stories get somewhere; else anything at all. */
const inputs = fc.array(fc.tuple(fc.nat(15), fc.nat(1000), fc.nat(700)), {
  minLength: 1,
  maxLength: 160,
  size: 'max',
});

test('whatever is pressed and found out, in any order, nobody is ever sent to an environment that is not there', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(inputs, (picks) => {
      const story = new Story(spec);
      story.deploys('v1', spec);
      for (const [kind, pick, ms] of picks) {
        story.now += ms;
        const before = story.state;
        const well = kind < 14 ? progress(before) : [];
        const list = well.length > 0 ? well : anything(before);
        const input = list[pick % list.length]!;
        const decision = decide(before, input, { now: story.now, actor: 'anyone' });
        if (decision.refused) {
          assert.ok(decision.refused.remedy.length > 0, `a refusal of ${input.type} says what to do`);
          continue;
        }
        for (const event of decision.events)
          story.state = evolve(story.state, event, { at: story.now, actor: 'anyone' });
        reached.add(story.status ?? 'none');
        holds(before, story.state, input);
      }
    }),
    { numRuns: 2000 },
  );
  assert.deepEqual(
    [...reached].sort(),
    [...releaseStatuses].sort(),
    'the stories visit every state there is',
  );
});

function holds(before: AppState, state: AppState, input: Command | Fact): void {
  if (state.live !== null) liveIsThere(state, state.live);
  const moved = before.live !== null && state.live !== null && state.live !== before.live;
  assert.ok(!moved || before.environments[state.live!], 'a switch goes to what was running before it');
  assert.ok(
    !moved || (input.type !== 'tick' && input.type !== 'apply'),
    'neither time nor a new teal.yaml moves traffic',
  );
  theWayBackIsFree(before, state, input);
  onlyThoseItCanCarry(before, state);
  somethingIsDone(state);
}

function theWayBackIsFree(before: AppState, state: AppState, input: Command | Fact): void {
  if (input.type === 'rollback' && ['switching', 'promoted'].includes(before.release?.status ?? '')) {
    const back = other(before.release!.colour);
    assert.ok(state.live === back || !before.environments[back], 'rollback is never gated');
  }
  if (input.type === 'verdict' && input.verdict.action === 'roll-back' && isJudged(before))
    assert.ok(
      state.release?.id !== before.release?.id || !isJudged(state),
      'the way back is never gated, also where the judge asks for it',
    );
}

const isJudged = (state: AppState): boolean =>
  state.release !== null && judging(state) !== null && !isUnjudged(state.release);

/** People are sent to a candidate that has grown for them, more and more of them, until it ends for all at once. */
function onlyThoseItCanCarry({ release: before }: AppState, { release, environments }: AppState): void {
  if (release === null || release.exposed.length === 0) return;
  const candidate = environments[release.colour];
  assert.equal(candidate?.phase, 'running', 'whom people are sent to runs');
  const share = release.exposed.find(({ to }) => to.length === 0)?.width ?? 0;
  const size = candidate?.size === 'preview' ? 0 : candidate?.size === 'full' ? 100 : (candidate?.size ?? 0);
  assert.ok(share <= size * 1000, 'and is large enough for them');
  if (before?.id !== release.id) return;
  for (const { to, width } of before.exposed) {
    const now: Exposure | undefined = release.exposed.find((each) => each.to.join('+') === to.join('+'));
    assert.ok(now !== undefined && now.width >= width, 'nobody is sent away but by going back');
  }
}

function somethingIsDone(state: AppState): void {
  const release = state.release;
  if (release === null || state.removing || release.stoppedAt !== null || transitions[release.status].ended)
    return;
  assert.ok(effects(state).length > 0, `something is worked at in ${release.status}`);
}

function liveIsThere({ environments, lives }: AppState, live: Colour): void {
  assert.equal(environments[live]?.phase, 'running', 'the live environment runs');
  assert.equal(environments[live]?.size, 'full', 'at full size');
  assert.equal(environments[live]?.version, lives.at(-1)?.version, 'and is the last that went live');
}

test('the same inputs give the same events and effects', () => {
  const tell = (): string => {
    const story = new Story();
    story.goesLive('v1');
    story.goesLive('v2');
    story.does({ type: 'rollback', reason: null });
    return JSON.stringify([story.events, effects(story.state)]);
  };
  assert.equal(tell(), tell());
});
