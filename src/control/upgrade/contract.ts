/** The part of the API that replaces Teal itself; see ../contract.ts. */
import type { ErrorJson } from '../../errors.ts';

/** Replaces routers and control plane by those of another program, which is on this machine. */
export interface UpgradeBody {
  /** Its `bin/teal.js`, absolute. */
  readonly program: string;
  /** The node that runs it, absolute. */
  readonly node: string;
  /** For what the routers before still carry; default: the longest `drain.deadline` of the apps. */
  readonly drainMs?: number;
}

/** The routers are replaced; the control plane is next: `Status.upgrade` says how that ends. */
export interface UpgradeResult {
  readonly from: string;
  readonly to: string;
  /** The router process that serves now. */
  readonly router: number;
  readonly drainMs: number;
}

/** The last upgrade since `teal up`. */
export interface UpgradeView {
  readonly state: 'routers' | 'control' | 'done' | 'failed';
  readonly from: string;
  /** Null: the program did not come to say. */
  readonly to: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Why it failed; what was there before serves then. */
  readonly error: ErrorJson | null;
}
