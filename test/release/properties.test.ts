import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Exposure } from '../../src/audience/table.ts';
import { decide } from '../../src/release/decide.ts';
import { effects } from '../../src/release/effects.ts';
import { evolve } from '../../src/release/evolve.ts';
import type { Command, Fact } from '../../src/release/input.ts';
import { isUnjudged, judging } from '../../src/release/judging.ts';
import { isDoubted } from '../../src/release/migrate.ts';
import { knows } from '../../src/release/migrate-knows.ts';
import type { AppState, Colour, Migration } from '../../src/release/state.ts';
import { colours, other, releaseStatuses } from '../../src/release/state.ts';
import { transitions } from '../../src/release/transitions.ts';
import { anything, progress, spec, worksOn } from './anything.ts';
import { migrating, Story } from './story.ts';

/** Mostly work that goes well, so that stories get somewhere; else anything at all. */
const inputs = fc.array(fc.tuple(fc.nat(15), fc.nat(1000), fc.nat(700)), {
  minLength: 1,
  maxLength: 160,
  size: 'max',
});

test('whatever is pressed and found out, in any order, nobody is ever sent to an environment that is not there', () => {
  const reached = new Set<string>();
  const stages = new Set<string>();
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
        stages.add(story.stage ?? 'none');
        holds(before, story.state, input);
      }
      comesToRest(story);
    }),
    { numRuns: 2000 },
  );
  assert.deepEqual(
    [...reached].sort(),
    [...releaseStatuses].sort(),
    'the stories visit every state there is',
  );
  assert.equal(stages.size, 8, `and every stage of a migration: ${[...stages].join(' ')}`);
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
  onlyWithItsSchema(before, state);
  holdsUpNoRollback(state);
}

/** A candidate comes when what it needs of the database is there; nothing is taken away that somebody needs who is there. */
function onlyWithItsSchema(before: AppState, state: AppState): void {
  const { migration, contracted, environments, release } = state;
  for (const colour of colours) {
    const name = environments[colour]?.migration?.name;
    if (name === undefined || before.environments[colour] !== null || release?.kind !== 'deploy') continue;
    const there =
      migration?.name === name && ['ready', 'contracting', 'contracted'].includes(migration.stage);
    assert.ok(there || contracted.includes(name), `${name} is there before the candidate is`);
  }
  const wish = effects(state).find(({ kind }) => kind === 'migrate');
  if (wish?.kind !== 'migrate') return;
  const is = colours.flatMap((colour) => environments[colour] ?? []);
  const olds = is.filter((each) => !knows(each, wish.migration));
  for (const { version } of is)
    assert.equal(
      wish.migration.olds.includes(version),
      olds.some((each) => each.version === version),
      `it is known whether ${version} is old`,
    );
  if (wish.phase === 'contract') assert.deepEqual(olds, [], 'nothing is contracted that somebody needs');
  if (wish.phase === 'undo') assert.equal(olds.length, is.length, 'nor undone');
}

/** Whoever asks to go back is answered as if there were no database. */
function holdsUpNoRollback(state: AppState): void {
  const without = { ...state, migration: null, contracted: ['0001', '0002', '0003', '0004'], outdated: [] };
  const asked = { now: state.release?.since ?? 0, actor: 'anyone' };
  const answer = (to: AppState): unknown => {
    const decision = decide(to, { type: 'rollback', reason: null }, asked);
    return decision.refused?.code ?? decision.events?.filter(({ type }) => !ofTheDatabase.has(type));
  };
  assert.deepEqual(answer(state), answer(without));
}

const ofTheDatabase: ReadonlySet<string> = new Set(['contract-started', 'undo-started']);

/** When nobody presses anything any more and all work goes well, it ends: contracted, undone, or waiting for somebody who can be named. */
function comesToRest(story: Story): void {
  for (let round = 0; round < mostRounds; round++) {
    story.now += 10_000;
    const { state } = story;
    const stops: readonly Command[] = [
      ...(state.frozen === null ? [] : [{ type: 'unfreeze' } as const]),
      ...(state.release?.pausedAt == null ? [] : [{ type: 'resume' } as const]),
      ...(round > mostRounds / 2 && state.release?.status === 'stepping'
        ? [{ type: 'abort', reason: null } as const]
        : []),
    ];
    for (const input of [...stops, ...worksOn(state), { type: 'tick' } as const]) answered(story, input);
    if (story.state === state && isAtRest(state)) return endsWell(state);
  }
  assert.fail(`no rest: ${story.status}, ${story.state.migration?.stage}`);
}

const mostRounds = 60;

function answered(story: Story, input: Command | Fact): void {
  const decision = decide(story.state, input, { now: story.now, actor: 'anyone' });
  for (const event of decision.events ?? [])
    story.state = evolve(story.state, event, { at: story.now, actor: 'anyone' });
}

const isAtRest = ({ release, removing }: AppState): boolean =>
  !removing && (release === null || (transitions[release.status].ended ?? false));

const isOver: ReadonlySet<Migration['stage']> = new Set(['contracted', 'undone']);

function endsWell(state: AppState): void {
  const { migration, environments, live, config } = state;
  if (migration === null || isOver.has(migration.stage) || migration.failed !== null) return;
  const is = colours.flatMap((colour) => environments[colour] ?? []);
  const isNew = is.some((each) => knows(each, migration));
  const isOld = is.some((each) => !knows(each, migration));
  const policy = config?.database;
  const contracts = policy?.contract === 'auto' && !isDoubted(state) && migration.stage !== 'undoing';
  const undoes =
    policy?.undo === 'auto' && migration.phases.includes('undo') && migration.stage !== 'contracting';
  assert.ok(live === null || isOld || !contracts, 'what nobody needs any more is contracted');
  assert.ok(isNew || !undoes, 'what nobody needs yet is undone');
  forwardIsFree(state, migration);
}

function forwardIsFree(state: AppState, migration: Migration): void {
  const again = { type: 'deploy', build: migrating('v9', migration.name, migration), promote: null } as const;
  const answer = decide(state, again, { now: 0, actor: 'anyone' });
  assert.ok(!answer.refused || migration.stage === 'undoing', 'there is a way forward');
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
