import { isDeepStrictEqual } from 'node:util';
import type { AppState, Release, Step } from '../../../src/release/state.ts';
import type { StoredEvent } from '../../../src/store/store.ts';
import type { MakeInvariant } from '../invariant.ts';

interface Clock {
  since: number;
  /** For how long it stood still. */
  stood: number;
  stoodSince: number | null;
}

/** 6: a kill at any time loses nothing: the state is what the log says, and no step passes before its time is over. */
export const nothingIsLost: MakeInvariant = (world) => {
  /** By app: of the step under the cursor. */
  const clocks = new Map<string, Clock>();

  const early = (event: StoredEvent, release: Release): void => {
    const { skipped, approved } = event.data as { skipped: boolean; approved?: true };
    const step = release.steps[release.cursor];
    const clock = clocks.get(event.stream);
    if (step === undefined || skipped || approved === true || clock === undefined) return;
    const least = leastOf(step, event.actor);
    // A step of a group is passed by the app that is ahead.
    if (least === null || release.group !== null) return;
    const ran = event.at - clock.since - clock.stood;
    if (ran < least)
      world.broken(6, `step ${release.cursor + 1} of ${release.id} passes after ${ran} of ${least} ms`);
  };

  const turn = (event: StoredEvent, after: AppState): void => {
    const clock = clocks.get(event.stream);
    const { type, at, stream, data } = event;
    if (type === 'clock-jumped' && clock !== undefined) {
      const { ms } = data as { ms: number };
      clock.since += ms;
      if (clock.stoodSince !== null) clock.stoodSince += ms;
      return;
    }
    if (['step-passed', 'candidate-ready', 'exposed', 'mirrored'].includes(type))
      clocks.set(stream, { since: at, stood: 0, stoodSince: after.release?.stoppedAt == null ? null : at });
    else if (clock !== undefined && after.release !== null) {
      const stands = after.release.pausedAt !== null || after.frozen !== null;
      if (stands && clock.stoodSince === null) clock.stoodSince = at;
      if (!stands && clock.stoodSince !== null) {
        clock.stood += at - clock.stoodSince;
        clock.stoodSince = null;
      }
    }
  };

  const compare = (state: AppState, version: number): void => {
    const replayed = world.stateAt(state.app, version);
    if (replayed !== undefined && !same(replayed, state))
      world.broken(6, `the state of ${state.app} after event ${version} is not what its log says`);
  };

  return {
    appended(event, before, after) {
      if (event.type === 'step-passed' && before.release !== null) early(event, before.release);
      turn(event, after);
    },
    // What differs once differs from then on.
    folded(state, version) {
      if (version % comparedEvery === 0) compare(state, version);
    },
    started: compare,
  };
};

/** How long a step takes that ends by time alone; null: something else ends it. */
function leastOf(step: Step, actor: string): number | null {
  switch (step.kind) {
    case 'wait':
      return step.ms;
    case 'mirror':
      return step.forMs;
    case 'expose':
      // Evidence lets it pass sooner.
      return step.judge === 'on' ? null : step.forMs;
    case 'approve':
      return actor === 'teal' ? step.expiresMs : null;
    default:
      return null;
  }
}

/** Of events: comparing costs more than all else. */
const comparedEvery = 4;

/** As they are kept: nobody may rely on what JSON does not carry. Nearly always the texts are the same, too. */
function same(one: AppState, two: AppState): boolean {
  const texts = [JSON.stringify(one), JSON.stringify(two)] as const;
  return texts[0] === texts[1] || isDeepStrictEqual(JSON.parse(texts[0]), JSON.parse(texts[1]));
}
