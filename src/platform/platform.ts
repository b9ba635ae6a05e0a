import type { Role } from '../config/config.ts';
import type { TealError } from '../errors.ts';
import type { Colour } from '../release/state.ts';

/**
 * Runs the versions. Drivers: `process`, `static` (now), `docker`, `kubernetes`; `Platforms` has each app run by its own.
 * A driver converges: every call says what shall be, may be repeated, and finds what an earlier Teal started.
 */
export interface Platform {
  /**
   * Finds the instances that an earlier run of Teal left running, and goes on supervising them. Called once, first.
   * @param expected what the state says runs: a driver that keeps nothing of its own knows it from there, and starts nothing
   */
  adopt(expected: readonly Workload[]): Promise<void>;

  /**
   * Makes exactly `workload.instances` instances run, healthy; starts what is missing, replaces what is older than
   * `workload.restart`, one at a time, and stops what is too much. Never stops one before `hooks.release` resolved.
   * Resolves when all are healthy (background roles: when they have stayed up for a moment). From then on
   * the driver keeps them so by itself: restarts with backoff, checks health, reports by `hooks`.
   * A second call for the same place replaces the first's wishes.
   * @throws TealError `health-deadline`, `crash-loop`, `command-not-found`, `directory-not-found`,
   *   `limits-unsupported`, `secret-missing`
   */
  ensure(workload: Workload, signal: AbortSignal): Promise<void>;

  /** Stops every instance of the place: `hooks.release`, signal, then force at the deadline. Resolves when none is left. */
  stop(place: Place): Promise<readonly Stopped[]>;

  /** What runs now, in the order it was started. @param app only its own: to be asked for where there may be many */
  instances(app?: string): readonly Instance[];

  /** Lets go of everything without stopping it: the instances outlive Teal. */
  close(): Promise<void>;
}

/** Told by the driver, wired by control/. */
export interface PlatformHooks {
  /** The set of healthy instances, or the state of one, has changed. */
  changed(place: Place): void;
  /** About to stop these: resolves when the router sends them nothing any more and they are drained. */
  release(instances: readonly Instance[]): Promise<void>;
  /** An instance that had been healthy keeps crashing, or stays unhealthy: the driver keeps trying all the same. */
  failing(place: Place, version: string, error: TealError): void;
}

/** One role in one environment of an app. */
export interface Place {
  readonly app: string;
  readonly colour: Colour;
  readonly role: string;
}

export interface Workload extends Place {
  readonly version: string;
  /** Where the version's files are (absolute, no placeholders left). */
  readonly directory: string;
  readonly spec: Role;
  readonly instances: number;
  /** Rises with every `teal restart`: instances started under a lower number are replaced, one at a time. */
  readonly restart: number;
}

export interface Instance extends Place {
  /** Unique for ever: `<app>-<colour>-<role>-<random>`. */
  readonly id: string;
  readonly version: string;
  readonly pid: number | null;
  /** Web roles only. */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly state: InstanceState;
  /** A health check of this very process has passed, if not the last one; known again after a restart of Teal. */
  readonly everHealthy: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** How often an instance in this slot has ended without being asked to. */
  readonly crashes: number;
  readonly logs: { readonly stdout: string; readonly stderr: string };
}

export type InstanceState = 'starting' | 'healthy' | 'unhealthy' | 'stopping' | 'backing-off';

export interface Stopped {
  readonly id: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** It did not end on its signal and was killed at the deadline. */
  readonly forced: boolean;
  readonly ms: number;
}
