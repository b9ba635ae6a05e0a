import * as v from 'valibot';
import type { Exposure } from '../../../audience/table.ts';
import { phases } from '../../../config/database.ts';
import { releaseStatuses, type Difference, type ProofSummary } from '../../../release/state.ts';
import type { Verdict } from '../../../release/verdict.ts';
import type {
  AppStatus,
  EnvironmentStatus,
  InstanceView,
  LeaderView,
  MigrationView,
  ReleaseView,
  Status,
  StepView,
} from '../../contract.ts';
import type { MigrationProgress } from '../../migrate/contract.ts';
import { colour, count, error, exactly, flag, number, or, text, time } from './exactly.ts';
import { routerStatus } from './router.ts';
import { upgradeView } from './teal.ts';

export const stepKind = v.picklist([
  'test',
  'warm',
  'expose',
  'mirror',
  'wait',
  'approve',
  'member',
  'promote',
]);

export const exposure = exactly<Exposure>()(
  v.strictObject({
    to: v.pipe(v.array(text), v.description('Names of audiences, any of which is enough; empty: everyone.')),
    width: v.pipe(number, v.description('How many of them, in buckets: 100 000 are all.')),
  }),
);

const people = v.strictObject({ candidate: number, live: number });

const verdictEntries = {
  action: v.picklist(['roll-back', 'restart-instance', 'stop', 'freeze', 'advance', 'ask', 'wait']),
  because: text,
  subject: or(text),
  sentence: v.pipe(text, v.description('For people: what was seen, how certain it is, what follows.')),
  guarantee: text,
  log: v.pipe(number, v.description('Natural logarithm of the evidence of harm.')),
  seq: number,
  seconds: number,
  people,
  needed: or(v.strictObject({ people: number, seconds: number })),
};

export const metricEntries = {
  id: text,
  log: number,
  safety: or(number),
  named: flag,
  ratio: or(v.object({ low: number, high: or(number) })),
  candidate: number,
  live: number,
  harmed: or(number),
};

export const verdict = exactly<Verdict>()(
  v.strictObject({ ...verdictEntries, metrics: v.array(v.object(metricEntries)) }),
);

const verdictAt = exactly<Verdict & { readonly at: number }>()(
  v.strictObject({ ...verdictEntries, metrics: v.array(v.object(metricEntries)), at: time }),
);

export const instanceView = exactly<InstanceView>()(
  v.strictObject({
    id: text,
    role: text,
    state: v.picklist(['starting', 'healthy', 'unhealthy', 'stopping', 'backing-off']),
    pid: or(count),
    address: or(text),
    startedAt: time,
    crashes: count,
    traffic: or(v.strictObject({ inFlight: count, streams: count, ejectedUntil: or(time) })),
  }),
);

export const environmentStatus = exactly<EnvironmentStatus>()(
  v.strictObject({
    version: text,
    role: v.picklist(['live', 'candidate', 'warm', 'stopping']),
    instances: v.array(instanceView),
    requests: count,
    errors: v.pipe(count, v.description('Answers of 500 and above that came from the app.')),
    failed: v.pipe(count, v.description('Requests that the app never answered.')),
    inFlight: count,
    waiting: count,
  }),
);

const stepView = exactly<StepView>()(
  v.strictObject({
    index: v.pipe(count, v.description('What approve and reject name as `step`.')),
    of: count,
    name: text,
    kind: stepKind,
    endsAt: or(time),
    asks: v.pipe(flag, v.description('It waits for an approval.')),
    by: or(v.array(text)),
  }),
);

export const difference = exactly<Difference>()(
  v.strictObject({ role: text, what: text, live: text, candidate: text }),
);

export const releaseView = exactly<ReleaseView>()(
  v.strictObject({
    id: text,
    kind: v.picklist(['deploy', 'rollback']),
    group: or(v.strictObject({ id: text, name: text, apps: v.array(text) })),
    version: text,
    from: or(text),
    colour,
    status: v.picklist(releaseStatuses),
    ended: v.pipe(flag, v.description('Nothing more happens to it but by a rollback.')),
    step: or(stepView),
    exposed: v.array(exposure),
    approvals: v.array(
      v.strictObject({ cursor: count, actor: text, at: time, verdict: v.exactOptional(verdict) }),
    ),
    verdict: or(verdictAt),
    actor: text,
    startedAt: time,
    pausedAt: or(time),
    deadlineAt: time,
    windowEndsAt: or(time),
    differences: v.array(difference),
    drain: or(v.strictObject({ finished: count, cut: count, seconds: number })),
    reason: or(text),
    error: or(error),
    endedAt: or(time),
  }),
);

const proofSummary = exactly<ProofSummary>()(
  v.strictObject({
    outcome: v.picklist(['green', 'red', 'unknown', 'off']),
    says: text,
    statements: count,
    coverage: v.pipe(or(number), v.description('Of the calls, 0 to 1.')),
    broken: count,
    risk: count,
    clientVisible: count,
    unproven: count,
    findings: v.pipe(v.array(text), v.description('The gravest few.')),
    notes: v.exactOptional(
      v.pipe(v.array(text), v.description('What is not as in production, or not known.')),
    ),
    unsafe: or(text),
  }),
);

const progress = exactly<MigrationProgress>()(
  v.strictObject({
    phase: v.picklist(phases),
    step: v.pipe(count, v.description('From 1; 0: none has begun.')),
    of: count,
    what: text,
    state: v.picklist(['running', 'waiting', 'paused']),
    why: or(text),
    seen: v.pipe(or(number), v.description('Rows of a backfill that have been looked at.')),
    total: or(number),
    etaMs: or(number),
    at: time,
  }),
);

/** How far a migration has come. */
export const migrationStage = v.picklist([
  'expanding',
  'backfilling',
  'ready',
  'contracting',
  'contracted',
  'undoing',
  'undone',
]);

export const migrationView = exactly<MigrationView>()(
  v.strictObject({
    name: text,
    version: v.pipe(text, v.description('Whose files are run.')),
    release: text,
    round: v.pipe(count, v.description('How often it has begun, from 1.')),
    phases: v.array(v.picklist(phases)),
    stage: migrationStage,
    since: time,
    olds: v.pipe(v.array(text), v.description('Versions that know the schema of before only.')),
    failed: or(error),
    proofs: v.strictObject({
      expand: v.exactOptional(proofSummary),
      contract: v.exactOptional(proofSummary),
    }),
    unsafe: v.pipe(
      or(text),
      v.description('Why older versions cannot live with what the new one writes; null: they can.'),
    ),
    says: v.pipe(text, v.description('What goes on, or is waited for.')),
    until: v.pipe(or(time), v.description('When time alone changes that.')),
    command: v.pipe(
      or(v.picklist(['contract', 'undo'])),
      v.description('What somebody has to say before it goes on.'),
    ),
    progress: or(progress),
  }),
);

export const appStatus = exactly<AppStatus>()(
  v.strictObject({
    app: text,
    group: or(text),
    urls: v.array(text),
    live: or(colour),
    version: or(text),
    environments: v.strictObject({ blue: or(environmentStatus), green: or(environmentStatus) }),
    release: or(releaseView),
    migration: v.pipe(or(migrationView), v.description('The one that a release has begun last.')),
    harm: v.pipe(
      or(text),
      v.description(
        'Why the database fails statements of the live version, or of the one that is started to go back to.',
      ),
    ),
    rollback: or(
      v.strictObject({
        to: text,
        how: v.picklist(['instant', 'start-first']),
        harm: v.pipe(or(text), v.description('Why the database makes it harmful; it is done all the same.')),
      }),
    ),
    maintenance: or(v.strictObject({ message: text })),
    frozen: or(v.strictObject({ reason: or(text), actor: text, at: time })),
    queued: or(
      v.strictObject({
        version: text,
        actor: text,
        harm: v.pipe(or(text), v.description('What the database will make of going back from it.')),
      }),
    ),
    next: v.pipe(text, v.description('The next command to type.')),
  }),
);

const leader = exactly<LeaderView>()(
  v.strictObject({
    name: v.pipe(or(text), v.description('Null: nobody leads now; the other values are of who did last.')),
    machine: text,
    term: v.pipe(count, v.description('Rises with each leader.')),
    since: time,
    leaseLeftMs: count,
    answeredBy: v.pipe(text, v.description('The control plane that says this.')),
  }),
);

export const status = exactly<Status>()(
  v.strictObject({
    version: text,
    pid: count,
    startedAt: time,
    config: v.pipe(text, v.description('The teal.yaml.')),
    store: v.strictObject({
      kind: v.picklist(['sqlite', 'postgres']),
      where: v.pipe(text, v.description('A file, or a database without its password.')),
    }),
    leader: v.pipe(
      or(leader),
      v.description('Of the control planes that share the event log; null where there is one.'),
    ),
    router: or(routerStatus),
    apps: v.array(appStatus),
    upgrade: v.exactOptional(v.pipe(or(upgradeView), v.description('The last one since teal up.'))),
  }),
);
