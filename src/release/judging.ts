import type { ExposePolicy } from '../config/release.ts';
import { buckets } from '../audience/bucket.ts';
import type { Exposure } from '../audience/table.ts';
import type { AppState, Colour, Release, ReleaseStatus } from './state.ts';
import type { Past, Verdict } from './verdict.ts';

/** Of which release answers are counted by person, and what they are measured by; from before anybody is exposed, so that before is known. */
export function counted(state: AppState): { readonly release: Release; readonly past: Past } | null {
  const { release, live } = state;
  if (release === null || live === null || state.removing || release.kind === 'rollback') return null;
  const policy = release.build.spec.judge ?? null;
  const there = state.environments.blue !== null && state.environments.green !== null;
  if (policy === null || release.past === null || !there || !isCounted.has(release.status)) return null;
  return { release, past: release.past };
}

const isCounted: ReadonlySet<ReleaseStatus> = new Set(['stepping', 'scaling', 'switching', 'promoted']);

/** What is judged now. */
export interface Judging {
  readonly release: string;
  readonly candidate: Colour;
  readonly tickMs: number;
  /** Index of the step under the cursor: what a verdict is about. */
  readonly cursor: number;
  /** Since a new one began other people are on the candidate. */
  readonly stage: string;
  /** `stepping`: evidence of safety lets the step pass. */
  readonly phase: 'stepping' | 'watching';
  readonly cohort: 'randomised' | 'split' | 'targeted';
  /** Of the stage: evidence is asked for that long at least, and waited for that long at most. */
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Whether people are to be compared: from the first who are sent to the candidate until the old environment is given up. In a release that
 * exposes nobody before the switch nobody is left to compare with after it; absolute limits and rules hold there.
 */
export function judging(state: AppState): Judging | null {
  const release = counted(state)?.release;
  const policy = release?.build.spec.judge;
  if (release === undefined || policy == null || !isOnBoth(release)) return null;
  const exposed = exposedStep(release);
  const step = exposed === null ? null : (release.steps[exposed] as ExposePolicy);
  const asked = decidesNow(release);
  return {
    release: release.id,
    candidate: release.colour,
    tickMs: policy.tickMs,
    cursor: release.cursor,
    stage: exposed === null ? 'live' : `step ${exposed + 1}`,
    phase: asked === null || release.stoppedAt !== null ? 'watching' : 'stepping',
    cohort: cohortOf(release.exposed),
    minMs: step?.forMs ?? 0,
    maxMs: step?.atMostMs ?? step?.forMs ?? 0,
  };
}

const isOnBoth = ({ status, exposed }: Release): boolean =>
  status === 'switching' || status === 'promoted' || exposed.length > 0;

/** Index of the `expose` step whose people are on the candidate; null before the first, and when everyone is. */
function exposedStep({ steps, cursor, expose, status }: Release): number | null {
  if (status !== 'stepping' && status !== 'scaling') return null;
  const here = steps[cursor]?.kind === 'expose' && expose?.at == null ? cursor : cursor + 1;
  const index = steps.slice(0, here).findLastIndex(({ kind }) => kind === 'expose');
  // The first one counts as soon as its people may come: some routers have it before the last has.
  return index === -1 ? (steps[cursor]?.kind === 'expose' ? cursor : null) : index;
}

/** The step that evidence lets pass, when its people are there; null when the step under the cursor is none. */
export function decidesNow({ steps, cursor, expose, status, past }: Release): ExposePolicy | null {
  const step = status === 'stepping' ? steps[cursor] : undefined;
  if (step?.kind !== 'expose' || step.judge !== 'on' || past === null) return null;
  return expose?.at == null ? null : step;
}

/** Whether the judge has been told to look away while these people are on the candidate. */
export function isUnjudged(release: Release): boolean {
  const exposed = exposedStep(release);
  if (exposed === null) return false;
  const step = release.steps[exposed];
  return step?.kind === 'expose' && (step.judge ?? 'off') === 'off';
}

/** Whether the last verdict lets nothing go on by itself. */
export const judgeHolds = (release: Release): boolean =>
  release.verdict !== null && holding.has(release.verdict.action) && !isUnjudged(release);

const holding: ReadonlySet<Verdict['action']> = new Set(['freeze', 'stop', 'restart-instance']);

/** Waits for a person, since there was no evidence in time. */
export const judgeAsks = (release: Release): boolean =>
  decidesNow(release) !== null && release.verdict?.action === 'ask';

/** A share of everyone is drawn by lot; a share of a group is, inside it; of a whole group nobody is left to compare with. */
function cohortOf(exposed: readonly Exposure[]): Judging['cohort'] {
  if (exposed.length === 0 || exposed.some(({ to }) => to.length === 0)) return 'randomised';
  return exposed.some(({ width }) => width < buckets) ? 'split' : 'targeted';
}
