import type { ApprovePolicy } from '../config/release.ts';
import { TealError } from '../errors.ts';
import type { Decision } from './decision.ts';
import type { Event } from './events.ts';
import { freezeHolds } from './freeze.ts';
import type { Command } from './input.ts';
import * as refuse from './refusals.ts';
import type { AppState, Release } from './state.ts';
import { judgeAsks, judgeHolds } from './judging.ts';
import { byAnyone, stepName } from './steps.ts';
import { said, type Verdict } from './verdict.ts';
import { transitions } from './transitions.ts';

/**
 * Goes on now: past a wait, an approval or what the judge holds; `full`: past all that is left. Gates ask who it is all the same. What lets
 * no step pass by itself, a verdict or a window that is shut, is passed by the person who asks.
 */
export function promote(state: AppState, full: boolean, actor: string): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'promote'));
  if (release.status === 'promoted' || release.status === 'completed')
    return { events: [], note: `${release.build.version} is live already` };
  if (release.status !== 'stepping') {
    const instead = transitions[release.status].ended
      ? `teal deploy ${state.app} <version>`
      : `teal status ${state.app}`;
    return refused(refuse.wrongState(state, 'promote', instead));
  }
  const held = stopped(state, release, 'promote');
  if (held !== null) return refused(held);
  const step = release.steps[release.cursor];
  const last = release.steps.length - 1;
  const until = full ? last : Math.min(release.cursor + 1, last);
  if (!full && !skippable(step?.kind, release)) {
    return refused(
      refuse.wrongState(
        state,
        'promote',
        `wait for it, or skip what is left: teal promote ${state.app} --full`,
      ),
    );
  }
  for (const gate of release.steps.slice(release.cursor, until)) {
    const refusal = gate.kind === 'approve' ? notAllowed(state, release, { gate, actor }) : null;
    if (refusal !== null) return refused(refusal);
  }
  const through: readonly Event[] =
    full || release.cursor === last ? [{ type: 'steps-passed', ...seenBy(release) }] : [];
  return { events: [...skip(release, until), ...through] };
}

/** What the judge holds, and somebody lets pass. */
const seenBy = (release: Release): { readonly verdict?: Verdict } =>
  judgeHolds(release) && release.verdict !== null ? { verdict: said(release.verdict) } : {};

/** A step that only lets time pass. The people of an `expose` step, or copies, come to the candidate before it can be left. */
const skippable = (kind: string | undefined, release: Release): boolean =>
  kind === 'approve' ||
  kind === 'wait' ||
  kind === 'promote' ||
  ((kind === 'expose' || kind === 'mirror') && release.expose?.at != null);

const skip = (release: Release, until: number): (Event & { type: 'step-passed' })[] => {
  const seen = lastOf(release);
  return release.steps.slice(release.cursor, until).map((step, index) => ({
    type: 'step-passed',
    cursor: release.cursor + index,
    name: stepName(step),
    output: null,
    skipped: step.kind !== 'approve',
    ...(step.kind === 'approve' && seen !== null ? { verdict: seen } : {}),
  }));
};

/** The step is signed off, with what the judge said of it just then. */
const signed = (release: Release, seen: Verdict | null): readonly Event[] =>
  skip(release, release.cursor + 1).map((event) => ({
    ...event,
    skipped: false,
    approved: true,
    ...(seen === null ? {} : { verdict: seen }),
  }));

const lastOf = ({ verdict }: Release): Verdict | null => (verdict === null ? null : said(verdict));

/** Passes the gate that somebody has looked at: the step is named, so that two approvals never pass two gates. */
export function approve(
  state: AppState,
  { step, verdict }: Command & { type: 'approve' },
  actor: string,
): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'approve'));
  const before = release.approvals.find(({ cursor }) => cursor === step);
  if (before !== undefined)
    return { events: [], note: `step ${step + 1} was approved by ${before.actor} already` };
  const asked = gateAt(state, release, { step, command: 'approve' });
  if (asked.refused !== undefined) return asked;
  const refusal = notAllowed(state, release, { gate: asked.gate, actor });
  return refusal === null ? { events: signed(release, verdict ?? lastOf(release)) } : refused(refusal);
}

/** The release aborts. Who may approve may reject; who deployed may, too. */
export function reject(
  state: AppState,
  { step, reason }: Command & { type: 'reject' },
  actor: string,
): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'reject'));
  const asked = gateAt(state, release, { step, command: 'reject' });
  if (asked.refused !== undefined) return asked;
  const refusal = notAllowed(state, release, { gate: { ...asked.gate, fourEyes: false }, actor });
  if (refusal !== null && actor !== release.actor) return refused(refusal);
  const why = `rejected by ${actor}: ${reason}`;
  const error = new TealError('rejected', `${release.id} was ${why}`, {
    remedy: `deploy a repaired build under a new name: teal deploy ${state.app} <version>`,
    details: { release: release.id, step: step + 1 },
  }).toJSON();
  return {
    events: [
      { type: 'step-failed', cursor: step, name: stepName(release.steps[step] ?? asked.gate), error },
      { type: 'abort-started', why, error },
    ],
  };
}

function gateAt(
  state: AppState,
  release: Release,
  { step, command }: { readonly step: number; readonly command: string },
): { readonly gate: ApprovePolicy; readonly refused?: never } | { readonly refused: TealError } {
  const current = release.steps[release.cursor];
  // Where the judge asks anyone may answer: who may not, is said by a step of its own.
  const gate = judgeAsks(release) ? byAnyone : current;
  if (release.status !== 'stepping' || gate?.kind !== 'approve')
    return { refused: refuse.wrongState(state, command, `teal status ${state.app}`) };
  if (step !== release.cursor) return { refused: refuse.otherStep(state, release, step) };
  const held = stopped(state, release, command);
  return held === null ? { gate } : { refused: held };
}

/** Null when time runs. */
function stopped(state: AppState, release: Release, command: string): TealError | null {
  if (freezeHolds(state)) return refuse.frozen(state);
  if (release.pausedAt === null) return null;
  return refuse.wrongState(state, `${command} while paused`, `teal resume ${state.app}`);
}

function notAllowed(
  state: AppState,
  release: Release,
  { gate, actor }: { readonly gate: ApprovePolicy; readonly actor: string },
): TealError | null {
  if (gate.by !== null && !gate.by.includes(actor)) return refuse.notAnApprover(state, gate, actor);
  return gate.fourEyes && actor === release.actor ? refuse.ownRelease(state, release) : null;
}

const refused = (error: TealError): Decision => ({ refused: error });
