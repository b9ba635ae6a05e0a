import type { ListenAddress } from '../../config/router.ts';
import type { HandOvers } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { Speech } from './listen-handle.ts';
import type { WorkerStatus } from './options.ts';
import type { Message } from './rpc.ts';
import type { TicketKeys } from './tls/keeper.ts';

/**
 * What two router processes say to each other over the IPC channel between them, of which one started the other. They may be
 * of different versions: this file changes by additions, and `handOverProtocol` rises when that is not possible.
 *
 *   old → new   the listening sockets, one message each; then the calls `inherit`, `bring`, `serve`
 *   new → old   the calls that a worker answers, and `close`; and as the last thing, from the old one, `retired`
 */
export const handOverProtocol = 1;

/** One listening socket, which travels along. The kernel's socket is the same: so is its queue. */
export interface SocketMessage {
  readonly listener: Speech;
  /** As it is configured; the port may be 0 here, and is what it is. */
  readonly address: ListenAddress;
}

/** Everything else; answered by `Prepared` when the new process could serve at once. */
export interface Inheritance {
  readonly handOver: number;
  readonly version: string;
  /** When the control plane was heard last (milliseconds since the epoch); null: never. */
  readonly heardAt: number | null;
  /** That the control plane gave; brought up to date by `bring` right before `serve`. */
  readonly table: RoutingTable | null;
  /** So that sessions of TLS go on. */
  readonly tickets: TicketKeys | null;
  /** Until now. */
  readonly handOvers: HandOvers;
}

export interface Prepared {
  readonly version: string;
  /** Of the control link. */
  readonly protocol: number;
  /** Of the table its workers have. */
  readonly generation: number;
}

/** What comes with `serve`, as of that moment. */
export interface ServeOrder {
  /** Of the latest leader that was heard; whoever has a lower one is refused. Absent in what a router of an older Teal says. */
  readonly term?: number;
}

/** The last word of a router that leaves. */
export interface RetiredMessage {
  readonly retired: {
    /** Requests and streams that it, and those that left before it, have cut since it handed over. */
    readonly cut: number;
    readonly status: WorkerStatus;
  };
}

export const isCall = (message: Message): boolean => 'op' in message || 'cancel' in message;
