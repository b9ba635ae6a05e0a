import type { By } from '../../src/control/apps.ts';
import type { AppState } from '../../src/release/state.ts';
import type { Decision } from '../../src/router/embedded/decide.ts';
import type { DrainRequest } from '../../src/router/router.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import type { StoredEvent } from '../../src/store/store.ts';
import type { Instance } from './world/instances.ts';
import type { Order } from './world/orders.ts';
import type { Person } from './world/people.ts';
import type { Worker } from './world/router.ts';
import type { World } from './world/world.ts';

/** One of the invariants of ARCHITECTURE.md as code: told of all that happens, it says when it does not hold. */
export interface Invariant {
  /** An event is on disk. */
  appended?(event: StoredEvent, before: AppState, after: AppState): void;
  /** A control plane has read what there was, as of this event. */
  started?(state: AppState, version: number): void;
  /** A control plane has taken events in. */
  folded?(state: AppState, version: number): void;
  /** The router is given a table. */
  applying?(table: RoutingTable): void;
  /** A worker has put one in force. */
  committed?(worker: Worker, before: RoutingTable | null): void;
  draining?(request: DrainRequest): void;
  /** Teal tells an instance to stop. */
  stopping?(instance: Instance): void;
  /** A request came in, and was sent somewhere. */
  asked?(request: Asked): void;
  /** What somebody asked for has been answered; null: it was done. */
  answered?(order: Order, by: By, answer: Answer): void;
  /** After every event, when all that follows from it at once has happened. */
  after?(): void;
  /** When all is over. */
  end?(): void;
}

export interface Asked {
  readonly app: string;
  readonly person: Person;
  readonly worker: Worker;
  readonly decision: Decision;
  /** Null: there was none, or nothing was to be forwarded. */
  readonly instance: Instance | null;
}

export interface Answer {
  readonly error: unknown;
  /** What was known of the app when it was asked. */
  readonly before: AppState;
}

export type MakeInvariant = (world: World) => Invariant;
