import { TealError, type ErrorJson } from '../errors.ts';
import { goBack } from './back.ts';
import type { Event } from './events.ts';
import type { Fact } from './input.ts';
import { decidesNow, isUnjudged, judging } from './judging.ts';
import { unsafe } from './migrate.ts';
import type { AppState, Release } from './state.ts';
import { sameVerdict, type Verdict } from './verdict.ts';

/**
 * What follows from a verdict. The way back comes first, and nothing holds it: no pause, no freeze, no window, no step that has begun
 * meanwhile. All else is remembered where it differs from before, and it is the step that asks for it (see `learn`).
 */
export function heed(
  state: AppState,
  { release: id, cursor, verdict }: Fact & { type: 'verdict' },
): readonly Event[] {
  const { release } = state;
  if (release?.id !== id || judging(state) === null || isUnjudged(release)) return [];
  const heard = heldWhereUnsafe(state, asTheStepHasIt(release, cursor, verdict));
  if (heard.action === 'roll-back') {
    const why = heard.sentence;
    return goBack(state, release, { why, error: worse(release, heard), verdict: heard });
  }
  return sameVerdict(release.verdict, heard)
    ? []
    : [{ type: 'judged', cursor: release.cursor, verdict: heard }];
}

/** Where the old version cannot read what the candidate has written, nobody is sent back without a person: it is held. */
function heldWhereUnsafe(state: AppState, verdict: Verdict): Verdict {
  const why = verdict.action === 'roll-back' && state.release !== null ? unsafe(state, state.release) : null;
  if (why === null) return verdict;
  return { ...verdict, action: 'freeze', sentence: `${verdict.sentence} Held, not rolled back: ${why}` };
}

/** Whether to go on is only asked by the step that was under way, and it says what follows without evidence. */
function asTheStepHasIt(release: Release, cursor: number, verdict: Verdict): Verdict {
  if (verdict.action !== 'advance' && verdict.action !== 'ask') return verdict;
  const step = decidesNow(release);
  if (step === null || cursor !== release.cursor) return { ...verdict, action: 'wait' };
  if (verdict.action === 'advance' || step.withoutEvidence === 'ask') return verdict;
  const without = step.withoutEvidence ?? 'ask';
  const sentence = `${verdict.sentence} (without-evidence: ${without})`;
  return { ...verdict, action: without === 'rollback' ? 'roll-back' : without, sentence };
}

function worse({ id, build }: Release, { sentence, because, subject, metrics }: Verdict): ErrorJson {
  return new TealError('verdict-fail', sentence, {
    remedy: `the figures: teal history --evidence ${id}; then deploy a repaired build: teal deploy ${build.spec.name} <version>`,
    details: { release: id, because, subject, metrics },
  }).toJSON();
}
