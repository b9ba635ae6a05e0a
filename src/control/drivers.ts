import type { Platform, PlatformHooks } from '../platform/platform.ts';
import type { VersionStore } from '../platform/versions/version-store.ts';
import type { HandedOver, Program } from '../router/embedded/options.ts';
import type { Router } from '../router/router.ts';
import type { Clock } from './clock.ts';
import type { PhaseReport } from '../database/run/run-phase.ts';
import type { AppState, Build } from '../release/state.ts';
import type { RunTest } from './effects/run-test.ts';
import type { Work } from './migrate/work.ts';

/** What a control plane asks of the store of versions. */
export type Versions = Pick<VersionStore, 'put' | 'verify' | 'directory' | 'prune'>;

/** A router that its control plane found or started. */
export interface OwnRouter extends Router {
  /** Lets go of it: it goes on. */
  close(): void;
  /** Stops it: what is in flight ends until the deadline, then by force. */
  shutdown(deadlineMs: number): Promise<void>;
  /** See `EmbeddedRouter.handOver`; left out where there are no processes to replace. */
  handOver?(program: Program, drainMs: number): Promise<HandedOver>;
}

/** What a version brings for its database, and who runs it there. */
export interface Database {
  /** See migrate/ready.ts. */
  readonly withMigration: (state: AppState, build: Build) => Promise<Build>;
  /** See migrate/lint.ts. */
  readonly lintNote: (build: Build) => Promise<string | null>;
  /** Runs what is left of a phase. @throws TealError what the executor would */
  readonly runPhase: (work: Work) => Promise<Pick<PhaseReport, 'steps' | 'ran' | 'ms'>>;
  /** Whether a step of it has run, now or before. */
  readonly hasRun: (work: Work) => Promise<boolean>;
}

/**
 * What a control plane stands on beside its store: this machine (see `machine.ts`), or one that is simulated. All else that it
 * does to the outside is done through these.
 */
export interface Drivers {
  versions(): Promise<Versions>;
  /** @throws TealError `port-taken`, `router-unavailable` */
  router(): Promise<OwnRouter>;
  platform(hooks: PlatformHooks): Platform;
  readonly runTest: RunTest;
  readonly database: Database;
  /** Left out where nobody sets the time of day. */
  readonly clock?: Clock;
}
