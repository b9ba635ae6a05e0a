import { firstCohort, type CohortState, type ReleaseCohort } from '../audience/cohort.ts';
import type { Exposure } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import type { ApprovePolicy, ExposePolicy, MirrorPolicy, Test, WarmPolicy } from '../config/release.ts';
import type { Phase } from '../config/database.ts';
import type { Json } from '../config/features.ts';
import type { ErrorJson } from '../errors.ts';
import { firstRing, type KeyRing } from './keys.ts';
import type { Past, Verdict } from './verdict.ts';

/** The two environments of an app. */
export const colours = ['blue', 'green'] as const;
export type Colour = (typeof colours)[number];

/** The other of the two environments. */
export const other = (colour: Colour): Colour => (colour === 'blue' ? 'green' : 'blue');

/** Which environment is drained: once a release is live, the one before it; once it is given up, its own. */
export const drainsNow = ({ status, colour }: Release): Colour =>
  status === 'promoted' ? other(colour) : colour;

/** All that Teal knows of one app: a fold of its events, nothing else. */
export interface AppState {
  readonly app: string;
  /** As last applied. Null before the first `apply`, and after `remove`. */
  readonly config: App | null;
  /** Where everyone is sent. Changes in the event that starts a switch; `release.status` says whether routers have it. */
  readonly live: Colour | null;
  readonly environments: Readonly<Record<Colour, Environment | null>>;
  /** The running release, or the last one. */
  readonly release: Release | null;
  /** How many releases there have been: the next one's number. */
  readonly releases: number;
  /** What went live, oldest first, the live one last; a rollback takes its own off again. Bounded: see `livesKept`. */
  readonly lives: readonly Build[];
  /** Instances per role as `teal scale` set them. */
  readonly scale: Readonly<Record<string, number>>;
  /** Rises with every `teal restart`. */
  readonly restart: number;
  readonly maintenance: { readonly message: string } | null;
  /** Set while `teal freeze`: nothing is deployed and no step advances. Going back is always allowed. */
  readonly frozen: { readonly reason: string | null; readonly actor: string; readonly at: number } | null;
  /** Who has been first in the releases so far. */
  readonly cohort: CohortState;
  readonly keys: KeyRing;
  /** What has become of each feature flag, by name. */
  readonly features: Readonly<Record<string, FeatureRecord>>;
  /** The last migration of the database that a release has begun; null: none has. */
  readonly migration: Migration | null;
  /** Names of the migrations that have been contracted, oldest first: nothing of them is left to do. Bounded. */
  readonly contracted: readonly string[];
  /** Versions that do not know the database any more as contract has left it. Bounded. */
  readonly outdated: readonly string[];
  /** What is deployed when the running release has ended. */
  readonly queued: Queued | null;
  /** `teal remove` has been asked and the instances are being drained and stopped. */
  readonly removing: boolean;
}

/** Where a flag is in its life; what the stages mean is said in features.ts. */
export interface FeatureRecord {
  /** The version that it goes with; null: none. */
  readonly version: string | null;
  readonly stage: 'draft' | 'open' | 'live-for-all' | 'to-remove' | 'rolled-back' | 'removed';
  /** When the stage began. */
  readonly since: number;
  /** The last release of its version. */
  readonly release: string | null;
  /** The value that stays; null while that is open. */
  readonly keep: Json | null;
  readonly owner: string | null;
}

/** A version and the settings it was deployed with: later edits of teal.yaml do not reach it, also not on its way back. */
export interface Build {
  readonly version: string;
  /** Its folder in the version store; null when `run.process.directory` says where it is. */
  readonly directory: string | null;
  readonly spec: App;
  /** What it needs of the database. Absent: nothing. */
  readonly migration?: BuildMigration;
}

/** The newest migration that lies in a version. */
export interface BuildMigration {
  /** Of its folder, or the version where commands do all the work: by it the database knows what has run. */
  readonly name: string;
  /** Those that have anything to do. */
  readonly phases: readonly Phase[];
}

/**
 * A migration of the database, in four phases. It outlives its release: undo comes after the candidate has gone, contract after the old
 * version has.
 *
 *   expanding → backfilling → ready → contracting → contracted
 *       └───────────┴───────────┴→ undoing → undone → expanding
 */
export interface Migration extends BuildMigration {
  /** Whose files are run: of the last release that has asked for it. */
  readonly build: Build;
  /** That release. */
  readonly release: string;
  /** Versions that know the schema of before only. Contract waits until none of them runs. */
  readonly olds: readonly string[];
  /** How often it has begun, from 1: what is found out of an earlier time says nothing of this one. */
  readonly round: number;
  readonly stage: 'expanding' | 'backfilling' | 'ready' | 'contracting' | 'contracted' | 'undoing' | 'undone';
  /** When the stage began, in epoch ms. */
  readonly since: number;
  /** Why the phase of the stage does not go on by itself; null: it does. */
  readonly failed: ErrorJson | null;
  /** What was proven, by the phase in front of which it was asked. */
  readonly proofs: Readonly<Partial<Record<'expand' | 'contract', ProofSummary>>>;
  /** What it was when all was ready and a later release has asked for it once more, until that is done: what an abort leaves. */
  readonly before?: Migration;
}

/** What a proof has found, in numbers and sentences; no statement's values. */
export interface ProofSummary {
  /** `unknown`: no statements were known, or nothing could be asked. */
  readonly outcome: 'green' | 'red' | 'unknown' | 'off';
  /** One sentence. */
  readonly says: string;
  readonly statements: number;
  /** Of the calls, 0 to 1. */
  readonly coverage: number | null;
  /** How many findings there are of each verdict. */
  readonly broken: number;
  readonly risk: number;
  readonly clientVisible: number;
  readonly unproven: number;
  /** The gravest few, a sentence each. */
  readonly findings: readonly string[];
  /** What is not as in production, or not known, whether it is said here or was said before expand. Absent: nothing. */
  readonly notes?: readonly string[];
  /** Why the old version cannot live with what the new one writes; null: nothing was found. */
  readonly unsafe: string | null;
}

/**
 * How many web instances an environment has: `preview` as many as tests need, `full` as many as everyone needs, a number
 * as many as that percentage of everyone needs.
 */
export type Size = 'preview' | 'full' | number;

/** One of the two environments. */
export interface Environment extends Build {
  readonly size: Size;
  /** `stopping`: being drained and stopped; it takes no new requests. */
  readonly phase: 'running' | 'stopping';
  /** When it was begun, in epoch ms: nothing of this version was there before. Absent: by an older Teal, which did not note it. */
  readonly since?: number;
}

/**
 * `clearing` the idle environment is emptied (what an earlier release left warm) · `migrating` the database, as far as the candidate
 * needs it · `starting` the candidate ·
 * `stepping` through the strategy's steps · `scaling` the candidate to full size · `switching` the routers ·
 * `promoted` live, the old environment warm · `retiring` the old environment · `completed` ·
 * `aborting` before the switch: the candidate is drained and stopped · `aborted` ·
 * `reverting` after the switch: everyone goes back · `reverted` back; the candidate drains and stops · `rolled-back`
 */
export const releaseStatuses = [
  'clearing',
  'migrating',
  'starting',
  'stepping',
  'scaling',
  'switching',
  'promoted',
  'retiring',
  'completed',
  'aborting',
  'aborted',
  'reverting',
  'reverted',
  'rolled-back',
] as const;
export type ReleaseStatus = (typeof releaseStatuses)[number];

/** One attempt to move an app from its live version to another one, as far as it has come. */
export interface Release {
  /** `<app>-<number>`. */
  readonly id: string;
  /** A `rollback` release brings back an older version whose environment is gone: same engine, no tests. */
  readonly kind: 'deploy' | 'rollback';
  readonly build: Build;
  /** The version that was live when it began: where a rollback goes. Null for the first. */
  readonly from: string | null;
  readonly colour: Colour;
  readonly status: ReleaseStatus;
  readonly steps: readonly Step[];
  /** Index of the current step; `steps.length` when all have passed. */
  readonly cursor: number;
  readonly actor: string;
  /** Set when other apps are released with it. */
  readonly group: GroupPart | null;
  /** It waits for the other apps of its group: what comes next comes for all of them at once. */
  readonly ready: boolean;
  /** Who is sent to the candidate: everything its steps have exposed so far; each only adds people. */
  readonly exposed: readonly Exposure[];
  /** Which people its percentages select. */
  readonly cohort: ReleaseCohort;
  /** The `expose` or `mirror` step under the cursor: null while the candidate grows for it; `at` is null until every router has it. */
  readonly expose: { readonly at: number | null } | null;
  readonly approvals: readonly Approval[];
  /** What its people are compared with; null before the candidate was ready. */
  readonly past: Past | null;
  /** The judge's last one that changed anything, and when it was given. */
  readonly verdict: (Verdict & { readonly at: number }) | null;
  readonly startedAt: number;
  /** When the current step (or status) began; what timers count from. */
  readonly since: number;
  readonly pausedAt: number | null;
  /** Since when its clocks stand still, because it is paused or a freeze holds it (freeze.ts). */
  readonly stoppedAt: number | null;
  /** The switch must have begun by then. */
  readonly deadlineAt: number;
  /** Set when promoted: the old environment is kept until then. */
  readonly windowEndsAt: number | null;
  /** `AppState.lives` as it was before the switch, for the way back. */
  readonly livesBefore: readonly Build[];
  readonly differences: readonly Difference[];
  /** Of the environment that traffic left. */
  readonly drain: Drain | null;
  /** Why it ended as it did, for people. */
  readonly reason: string | null;
  readonly error: ErrorJson | null;
  readonly endedAt: number | null;
}

/** Apps that are released together: what each of their releases knows of it. */
export interface GroupPart {
  readonly name: string;
  /** `<group>-<number>`, the same in each of them. */
  readonly id: string;
  /** Those that take part. */
  readonly apps: readonly string[];
  /** What was live in all of them before, when that had come together. */
  readonly before: string | null;
}

/** One step of a strategy, compiled from teal.yaml. */
export type Step =
  | { readonly kind: 'test'; readonly name: string; readonly test: Test }
  | WarmPolicy
  | ExposePolicy
  | MirrorPolicy
  | { readonly kind: 'wait'; readonly ms: number }
  | ApprovePolicy
  /** A step that another app of the group takes. */
  | { readonly kind: 'member'; readonly app: string; readonly name: string }
  | { readonly kind: 'promote' };

/** A step that a person has passed, or skipped. */
export interface Approval {
  readonly cursor: number;
  readonly actor: string;
  readonly at: number;
  /** What the judge said at that moment, as the person could see it. Absent where nobody was compared. */
  readonly verdict?: Verdict;
}

/** A deploy that waits for the release before it to end. */
export interface Queued {
  readonly build: Build;
  readonly steps: readonly Step[];
  readonly actor: string;
  readonly at: number;
  /** It is deployed together with these. */
  readonly group?: Pick<GroupPart, 'name' | 'apps'>;
}

/** A way in which the two environments are not identical. Secrets only ever say `differs`. */
export interface Difference {
  readonly role: string;
  readonly what: string;
  readonly live: string;
  readonly candidate: string;
}

/** How a drain ended: requests that ended by themselves, and that were cut. */
export interface Drain {
  readonly finished: number;
  readonly cut: number;
  readonly seconds: number;
}

/** An app nothing is known of yet: what a fold of its events begins with. */
export const nothing = (app: string): AppState => ({
  app,
  config: null,
  live: null,
  environments: { blue: null, green: null },
  release: null,
  releases: 0,
  lives: [],
  scale: {},
  restart: 0,
  maintenance: null,
  frozen: null,
  cohort: firstCohort,
  keys: firstRing,
  features: {},
  migration: null,
  contracted: [],
  outdated: [],
  queued: null,
  removing: false,
});

/** Bumped when the shape of AppState changes; `upcast` reads the older ones. */
export const stateShape = 5;
