import type { HandedOver, Program } from '../router/embedded/options.ts';
import type { LeaderView } from './contract.ts';
import type { Nearby } from './entrances.ts';

/** A running control plane. */
export interface Control {
  /** Empty while another one leads. */
  readonly urls: readonly string[];
  /** Who leads, where several share an event log; null where this is the only one. */
  readonly leader: LeaderView | null;
  readonly socket: string;
  /** Where the API is reached over TCP: `control.listen`; null when it is not. */
  readonly url: string | null;
  /** The port of `router.metrics`; null when there is none. */
  readonly metrics: number | null;
  /** Resolves when it has ended by `stop`, also when that was asked for over the API. */
  readonly ended: Promise<void>;
  /** The data directory. */
  readonly data: string;
  /** See `EmbeddedRouter.handOver`. @param drainMs null: the longest of the apps */
  handOver(program: Program, drainMs: number | null): Promise<HandedOver & { readonly drainMs: number }>;
  /** `everything`: also drains and stops the router and every instance. `signal` is aborted when it shall not wait. */
  stop(options: { readonly everything: boolean; readonly signal?: AbortSignal }): Promise<void>;
}

/** Where a control plane that works is asked. */
export interface Host extends Nearby {
  /** Told that it was asked to stop, before it does. */
  readonly stopping?: (everything: boolean) => void;
}
