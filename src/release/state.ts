import type { App, Test } from '../config/config.ts';
import type { ErrorJson } from '../errors.ts';

export const colours = ['blue', 'green'] as const;
export type Colour = (typeof colours)[number];

/** The other of the two environments. */
export const other = (colour: Colour): Colour => (colour === 'blue' ? 'green' : 'blue');

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
  /** `teal remove` has been asked and the instances are being drained and stopped. */
  readonly removing: boolean;
}

/** A version and the settings it was deployed with: later edits of teal.yaml do not reach it, also not on its way back. */
export interface Build {
  readonly version: string;
  /** Its folder in the version store; null when `run.process.directory` says where it is. */
  readonly directory: string | null;
  readonly spec: App;
}

/** One of the two environments. */
export interface Environment extends Build {
  /** `preview` has as many web instances as tests need; `full` as many as everyone needs. */
  readonly size: 'preview' | 'full';
  /** `stopping`: being drained and stopped; it takes no new requests. */
  readonly phase: 'running' | 'stopping';
}

/**
 * `clearing` the idle environment is emptied (what an earlier release left warm) · `starting` the candidate ·
 * `stepping` through the strategy's steps · `scaling` the candidate to full size · `switching` the routers ·
 * `promoted` live, the old environment warm · `retiring` the old environment · `completed` ·
 * `aborting` before the switch: the candidate is drained and stopped · `aborted` ·
 * `reverting` after the switch: everyone goes back · `reverted` back; the candidate drains and stops · `rolled-back`
 */
export const releaseStatuses = [
  'clearing',
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
  readonly startedAt: number;
  /** When the current step (or status) began; what timers count from. */
  readonly since: number;
  readonly pausedAt: number | null;
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

/** One step of a strategy, compiled from teal.yaml. */
export type Step =
  | { readonly kind: 'test'; readonly name: string; readonly test: Test }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'approve' }
  | { readonly kind: 'promote' };

/** A way in which the two environments are not identical. Secrets only ever say `differs`. */
export interface Difference {
  readonly role: string;
  readonly what: string;
  readonly live: string;
  readonly candidate: string;
}

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
  removing: false,
});

/** Bumped when the shape of AppState changes: snapshots of another shape are ignored and the events read instead. */
export const stateShape = 1;
