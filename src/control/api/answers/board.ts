import * as v from 'valibot';
import { releaseStatuses } from '../../../release/state.ts';
import type {
  ActionView,
  BoardView,
  OverviewApp,
  OverviewRelease,
  OverviewView,
  ReleaseRow,
  Rung,
  WhoView,
} from '../../board/contract.ts';
import type { TrafficPoint, TrafficView } from '../../traffic/contract.ts';
import type { Pulse } from '../../traffic/now.ts';
import { standing } from './evidence.ts';
import { colour, count, error, exactly, flag, number, or, text, time } from './exactly.ts';
import { appStatus, difference, stepKind } from './status.ts';

const seconds = v.pipe(or(number), v.description('Seconds to the first byte, from a histogram.'));

const point = exactly<TrafficPoint>()(
  v.strictObject({
    at: time,
    seconds: v.pipe(number, v.description('How long it was counted for.')),
    colour,
    version: text,
    requests: count,
    errors: v.pipe(count, v.description('Answers of 500 and above, and requests never answered.')),
    candidate: v.pipe(count, v.description('Requests that went to the candidate of a release.')),
    p50: seconds,
    p95: seconds,
    p99: seconds,
  }),
);

export const trafficView = exactly<TrafficView>()(
  v.strictObject({ app: text, at: time, points: v.array(point) }),
);

const pulse = exactly<Pulse>()(
  v.strictObject({
    rate: v.pipe(or(number), v.description('Requests a second.')),
    errors: v.pipe(or(number), v.description('The part of them that failed, 0 to 1.')),
    p95: seconds,
    curve: v.array(v.strictObject({ rate: number, errors: number })),
  }),
);

const overviewRelease = exactly<OverviewRelease>()(
  v.strictObject({
    id: text,
    version: text,
    colour,
    status: v.picklist(releaseStatuses),
    step: or(text),
    index: count,
    of: count,
    endsAt: or(time),
    paused: flag,
    percent: v.pipe(number, v.description('Of the people, by its percentage.')),
  }),
);

const overviewApp = exactly<OverviewApp>()(
  v.strictObject({
    app: text,
    group: or(text),
    mood: v.picklist(['trouble', 'asks', 'moving', 'calm', 'empty']),
    says: text,
    live: or(colour),
    version: or(text),
    since: or(time),
    release: or(overviewRelease),
    pulse,
  }),
);

export const overviewView = exactly<OverviewView>()(
  v.strictObject({ at: time, generation: or(count), apps: v.array(overviewApp) }),
);

const rung = exactly<Rung>()(
  v.strictObject({
    kind: v.picklist(['database', 'start', ...stepKind.options, 'window']),
    name: text,
    state: v.picklist(['passed', 'skipped', 'failed', 'current', 'ahead', 'dropped']),
    startedAt: or(time),
    endedAt: or(time),
    endsAt: or(time),
    asks: flag,
    by: or(v.array(text)),
    actor: or(text),
    reason: or(text),
    output: or(text),
    error: or(error),
    says: v.pipe(or(text), v.description('Of the database: what it does now, or waits for.')),
    part: v.pipe(or(number), v.description('How much of it is done, 0 to 1, where that is counted.')),
  }),
);

const action = exactly<ActionView>()(
  v.strictObject({
    id: text,
    label: text,
    does: text,
    path: text,
    body: v.strictObject({ full: v.exactOptional(flag), step: v.exactOptional(count) }),
    heedsSeen: flag,
    needsReason: flag,
    confirm: v.pipe(or(text), v.description('What has to be said yes to first.')),
    refusal: v.pipe(
      or(v.strictObject({ says: text, remedy: text })),
      v.description('Why who asks cannot do it now.'),
    ),
  }),
);

const who = exactly<WhoView>()(
  v.strictObject({
    exposed: v.array(v.strictObject({ says: text, to: v.array(text), percent: number })),
    people: or(v.strictObject({ candidate: number, live: number })),
    audiences: v.array(v.strictObject({ name: text, rule: text })),
  }),
);

export const boardView = exactly<BoardView>()(
  v.strictObject({
    at: time,
    stamp: v.pipe(text, v.description('What commands name as `seen`.')),
    status: appStatus,
    rungs: v.array(rung),
    actions: v.array(action),
    who,
    evidence: or(standing),
  }),
);

export const releaseRow = exactly<ReleaseRow>()(
  v.strictObject({
    seq: v.pipe(count, v.description('`before` of the page after this one.')),
    id: text,
    kind: v.picklist(['deploy', 'rollback']),
    version: text,
    from: or(text),
    colour,
    actor: text,
    startedAt: time,
    endedAt: or(time),
    outcome: v.picklist(['running', 'live', 'completed', 'aborted', 'rolled back']),
    why: or(text),
    stepsPassed: count,
    approvals: v.array(v.strictObject({ actor: text, at: time, reason: or(text) })),
    verdict: or(text),
    harmed: or(count),
    differences: v.array(difference),
  }),
);
