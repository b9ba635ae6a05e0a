/**
 * What travels over the HTTP API, as the CLI (and everything else) sees it. The routes are in api/routes, and the schemas of these types in
 * api/answers and api/bodies.ts: the compiler refuses one without the other. docs/api.md is for people, docs/openapi.json for machines.
 *
 * Errors are problems (RFC 9457) with the code, remedy and details of a TealError. On the socket the caller's name travels in `x-teal-actor`.
 */
import type { Explanation } from '../audience/explain.ts';
import type { Exposure } from '../audience/table.ts';
import type { Json } from '../config/features.ts';
import type { ErrorJson } from '../errors.ts';
import type { PlaneView } from './lead/contract.ts';
import type { MigrationProgress } from './migrate/contract.ts';
import type { InstanceState } from '../platform/platform.ts';
import type {
  Approval,
  Colour,
  Difference,
  Drain,
  Migration,
  Release,
  ReleaseStatus,
  Step,
} from '../release/state.ts';
import type { RouterStatus } from '../router/router.ts';
import type { OnConflict } from './lease-contract.ts';
import type { UpgradeView } from './upgrade/contract.ts';

export const commandNames = [
  'deploy',
  'promote',
  'approve',
  'reject',
  'abort',
  'retry',
  'rollback',
  'pause',
  'resume',
  'scale',
  'restart',
  'remove',
  'maintenance',
  'freeze',
  'unfreeze',
  'rotate-keys',
  'contract',
  'undo',
] as const;
export type CommandName = (typeof commandNames)[number];

export interface CommandBody {
  /** Why, for the history. */
  readonly reason?: string;
  /** deploy */
  readonly version?: string;
  /** deploy, of a group: by app; those that are left out stay as they are. */
  readonly versions?: Readonly<Record<string, string>>;
  /** deploy: `<dir>`, `<file.tgz>`, or `git:<ref>` (of the repository around `directory`). Paths are absolute. */
  readonly from?: string;
  /** deploy: overrides `release.promote` of teal.yaml for this release. */
  readonly promote?: 'auto' | 'manual';
  /** deploy, while another release runs or is made ready: refused when left out. */
  readonly onConflict?: OnConflict;
  /** deploy: the lease that it was made ready under; it ends with this command. */
  readonly lease?: string;
  /** approve, reject: `ReleaseView.step.index` of the step that was looked at. A rejection needs a reason. */
  readonly step?: number;
  /** What whoever asks has seen it come to (`BoardView.stamp`): refused when it has gone on since. Not of deploy and rollback. */
  readonly seen?: string;
  /** promote: skip the remaining steps. */
  readonly full?: boolean;
  /** scale: role (default the first web role) and instances. */
  readonly role?: string;
  readonly instances?: number;
  /** maintenance */
  readonly on?: boolean;
  readonly message?: string;
}

export type { LeaseBody, LeaseView, OnConflict } from './lease-contract.ts';

export interface CommandResult {
  /** One sentence: what was done. */
  readonly did: string;
  /** What of it no event tells, such as that going back does harm; null: nothing. */
  readonly note: string | null;
  readonly app: AppStatus;
}

/** What was done to each app of a group. */
export interface GroupResult {
  readonly group: string;
  readonly apps: readonly { readonly app: AppStatus; readonly did: string; readonly note: string | null }[];
}

export interface RollbackBody {
  /** Why, for the history. */
  readonly reason?: string;
}

/** Of every app, in one table: what was done to it, or why it stays. */
export interface RollbackResult {
  readonly apps: readonly (
    | {
        readonly app: AppStatus;
        readonly did: string;
        readonly note: string | null;
        readonly error: null;
      }
    | { readonly app: AppStatus; readonly did: null; readonly note: null; readonly error: ErrorJson }
  )[];
}

export interface ApplyBody {
  /** Absolute path of teal.yaml on the control plane's machine; the one it was started with when left out. */
  readonly file?: string;
  /** Only show the difference. */
  readonly dryRun?: boolean;
}

export interface ApplyResult {
  readonly changes: readonly ConfigChange[];
  readonly applied: boolean;
}

export interface ConfigChange {
  readonly app: string;
  /** Dotted path in teal.yaml, e.g. `run.process.instances`. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** When it takes effect. */
  readonly effect: 'now' | 'next release' | 'restart of teal';
}

export interface PreviewLink {
  readonly app: string;
  readonly version: string;
  readonly colour: Colour;
  /** Works in a browser and with any HTTP client: the token is in the path. */
  readonly url: string;
  /** The same token as a header: name and value. */
  readonly header: { readonly name: string; readonly value: string };
  readonly expiresAt: number;
}

export interface Status extends PlaneView {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly config: string;
  /** Null when the router cannot be reached. */
  readonly router: RouterStatus | null;
  readonly apps: readonly AppStatus[];
  readonly upgrade?: UpgradeView | null;
}

export interface AppStatus {
  readonly app: string;
  /** The group that it is released with. */
  readonly group: string | null;
  /** URLs it answers on, for a person on this machine. */
  readonly urls: readonly string[];
  readonly live: Colour | null;
  /** The live version. */
  readonly version: string | null;
  readonly environments: Readonly<Record<Colour, EnvironmentStatus | null>>;
  /** The running release, or the last one. */
  readonly release: ReleaseView | null;
  /** The migration of the database that a release has begun last; null: none has. */
  readonly migration: MigrationView | null;
  /** Why the database fails statements of the live version, or of the one that is started to go back to; null: nothing is known of it. */
  readonly harm: string | null;
  readonly rollback: RollbackView | null;
  readonly maintenance: { readonly message: string } | null;
  readonly frozen: { readonly reason: string | null; readonly actor: string; readonly at: number } | null;
  /** Deployed when the running release has ended. */
  readonly queued: {
    readonly version: string;
    readonly actor: string;
    /** As in `rollback`, once it is live. */
    readonly harm: string | null;
  } | null;
  /** The next command to type, e.g. `teal promote shop`. */
  readonly next: string;
}

/** What `teal rollback` would do now. */
interface RollbackView {
  readonly to: string;
  /** `instant`: the old environment is warm. `start-first`: it has to be started. */
  readonly how: 'instant' | 'start-first';
  /** Why the database makes that harmful, in one sentence; null: nothing is known of it. It is done all the same. */
  readonly harm: string | null;
}

/** Where a migration is in its life, and what it waits for; docs/database.md. */
export interface MigrationView extends Pick<
  Migration,
  'name' | 'release' | 'round' | 'phases' | 'stage' | 'since' | 'olds' | 'failed' | 'proofs'
> {
  /** Whose files are run. */
  readonly version: string;
  /** Why older versions cannot live with what its release's version writes; null: they can, or it is over. */
  readonly unsafe: string | null;
  /** What goes on, or is waited for, in one sentence. */
  readonly says: string;
  /** When time alone changes that. */
  readonly until: number | null;
  /** What somebody has to say before it goes on; null: nothing, or there is more than one way. */
  readonly command: 'contract' | 'undo' | null;
  /** What its phase is doing; null: none is under way. */
  readonly progress: MigrationProgress | null;
}

export interface EnvironmentStatus {
  readonly version: string;
  readonly role: 'live' | 'candidate' | 'warm' | 'stopping';
  readonly instances: readonly InstanceView[];
  readonly requests: number;
  readonly errors: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Of those, in the queue for an instance that may take them. */
  readonly waiting: number;
}

export interface InstanceView {
  readonly id: string;
  readonly role: string;
  readonly state: InstanceState;
  readonly pid: number | null;
  readonly address: string | null;
  readonly startedAt: number;
  readonly crashes: number;
  /** As the router sees it; null when that sends it nothing. */
  readonly traffic: InstanceTraffic | null;
}

interface InstanceTraffic {
  readonly inFlight: number;
  /** WebSockets and event streams. */
  readonly streams: number;
  /** Left out until then, since it failed requests; null when it is not. */
  readonly ejectedUntil: number | null;
}

export interface ReleaseView {
  readonly id: string;
  readonly kind: 'deploy' | 'rollback';
  /** The release of several apps that this is one app's part of. */
  readonly group: { readonly id: string; readonly name: string; readonly apps: readonly string[] } | null;
  readonly version: string;
  readonly from: string | null;
  readonly colour: Colour;
  readonly status: ReleaseStatus;
  /** True when nothing more will happen to it by itself or by command but `rollback`. */
  readonly ended: boolean;
  readonly step: StepView | null;
  /** Who is sent to the candidate; empty: nobody. */
  readonly exposed: readonly Exposure[];
  readonly approvals: readonly Approval[];
  /** What the judge said last that changed anything, and when; null: nothing, or nobody is compared. */
  readonly verdict: Release['verdict'];
  readonly actor: string;
  readonly startedAt: number;
  readonly pausedAt: number | null;
  readonly deadlineAt: number;
  readonly windowEndsAt: number | null;
  readonly differences: readonly Difference[];
  readonly drain: Drain | null;
  readonly reason: string | null;
  readonly error: ErrorJson | null;
  readonly endedAt: number | null;
}

export interface StepView {
  readonly index: number;
  readonly of: number;
  readonly name: string;
  readonly kind: Step['kind'];
  /** When time alone ends it. */
  readonly endsAt: number | null;
  /** It waits for `teal approve`: it is an approval, or the judge asks. */
  readonly asks: boolean;
  /** Who may approve it; null: anyone, or it is no approval. */
  readonly by: readonly string[] | null;
}

export type { CourseView, EvidenceView, StandingView } from './judge/contract.ts';
export type { LeaderView } from './lead/contract.ts';
export type * from './board/contract.ts';
export type * from './traffic/contract.ts';

/** Somebody to be explained; everything is optional. */
export interface ExplainBody {
  /** Signed in as: whatever the app's identity names first. */
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly ip?: string;
  /** ISO 3166-1; instead of looking the address up. */
  readonly country?: string;
  /** ISO 3166-2, such as DE-BY. */
  readonly region?: string;
  /** A feature flag: what they get of it is told beside where they are sent. */
  readonly feature?: string;
}

export interface ExplainResult {
  readonly explanation: Explanation;
  /** The same for a terminal. */
  readonly text: string;
  /** Where they would be at each later step of the running release, or of the next one. */
  readonly later: readonly LaterStep[];
  /** While copies of live's requests are sent to the candidate: whether theirs may be. Null: none are. */
  readonly mirrored: boolean | null;
  /** Of the flag that was asked for; null: none was. */
  readonly feature: FeatureAnswer | null;
}

/** What somebody gets of a flag, and why. */
export interface FeatureAnswer {
  readonly key: string;
  readonly value: Json;
  readonly variant: string;
  /** As clients are told: STATIC, TARGETING_MATCH, DEFAULT. */
  readonly reason: string;
  readonly says: string;
}

export interface LaterStep {
  readonly name: string;
  readonly side: 'live' | 'candidate';
  readonly environment: Colour;
  readonly reason: string;
}

export type {
  PlanBody,
  GroupPlanBody,
  PlanResult,
  PlanDatabase,
  PlanLint,
  PlannedStep,
  PlanEstimate,
  PlanTraffic,
} from './plan/contract.ts';

export interface EventView {
  readonly seq: number;
  readonly at: number;
  readonly app: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly type: string;
  /** One sentence for people. */
  readonly says: string;
  /** Facts of the event, secrets never among them. */
  readonly data: unknown;
}

/** One line of an instance's log, and one request of the access log. */
export type { LogLine } from '../platform/process/logs.ts';
export type { AccessLine, DroppedLines } from '../router/access-line.ts';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly says: string;
  readonly remedy: string | null;
}

export interface StopBody {
  /** Also drains and stops the router and every instance; otherwise they go on without a control plane. */
  readonly everything: boolean;
}
