import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Platform } from '../platform/platform.ts';
import type { Router } from '../router/router.ts';
import type { Store } from '../store/store.ts';
import type { Apps } from './apps.ts';
import type { Database, Versions } from './drivers.ts';
import type { RunTest } from './effects/run-test.ts';
import type { Rules } from './judge/rules.ts';
import type { Usage } from './flags/usage.ts';
import type { PlaneView } from './lead/contract.ts';
import type { Leases } from './leases.ts';
import type { Progress } from './migrate/progress.ts';
import type { Statements } from './migrate/statements.ts';
import type { PreviewKeys } from './preview-keys.ts';
import type { Releases } from './releases.ts';
import type { Routes } from './routes.ts';

/** What effects and API handlers work with; wired in system.ts. */
export interface Deps {
  readonly config: Config;
  readonly apps: Apps;
  readonly store: Store;
  readonly platform: Platform;
  readonly versions: Versions;
  readonly router: Router;
  readonly routes: Routes;
  readonly releases: Releases;
  readonly leases: Leases;
  /** How often flags are evaluated. */
  readonly usage: Usage;
  /** Signs and checks preview tokens. */
  readonly keys: PreviewKeys;
  /** What else a release is judged by, once per tick. */
  readonly rules: Rules;
  /** What is known of the migrations that are under way. */
  readonly migrations: Progress;
  /** What versions send to their app's database. */
  readonly statements: Statements;
  readonly database: Database;
  /** Runs the tests of candidates. */
  readonly runTest: RunTest;
  /** Where the event log is, and who leads. */
  readonly plane: () => PlaneView;
  readonly log: Logger;
  /** Milliseconds since the epoch, as releases go by it (clock.ts). */
  readonly now: () => number;
  /** The same by the machine's clock: what routers check by theirs. */
  readonly wall: () => number;
}
