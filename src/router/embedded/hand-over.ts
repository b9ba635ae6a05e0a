import type { Logger } from 'pino';
import { version } from '../../config/version.ts';
import { TealError } from '../../errors.ts';
import type { Prepared } from './inheritance.ts';
import { handOverProtocol } from './inheritance.ts';
import { Leaving } from './leaving.ts';
import type { Listener } from './listen-handle.ts';
import type { HandedOver, HandOverRequest } from './options.ts';
import type { Parent } from './parent.ts';
import { Successor } from './successor.ts';
import type { Terms } from './terms.ts';
import type { TicketKeys } from './tls/keeper.ts';
import type { Workers } from './workers.ts';

export interface HandOverParts {
  readonly parent: Parent;
  readonly workers: Workers;
  readonly listeners: readonly Listener[];
  readonly tickets: () => TicketKeys | null;
  readonly terms: Terms;
  readonly log: Logger;
  /** What only the one that serves may do ends here; called once, when that is another. */
  readonly left: () => void;
  /** The other has failed, perhaps at its last step: this one is to be found again. */
  readonly failed: () => Promise<void>;
  /** Nothing is carried here any more, and it has been said. */
  readonly over: () => void;
}

/**
 * Gives the sockets to another router process, which this one starts, without a moment at which nobody accepts or two
 * tables are in force:
 *
 *   1. the other loads its program, gets duplicates of the sockets, and starts its workers with the table, which accept nothing yet;
 *   2. no table is put in force for a moment: the other is brought to the newest, accepts, and answers the control plane;
 *   3. this one accepts no more, and carries what is open as if it were a worker of the other (`Leaving`).
 *
 * What fails before the end of 2 ends the other, and leaves everything as it was.
 */
export class HandOver {
  readonly #parts: HandOverParts;
  #successor: Successor | null = null;
  #left = false;

  constructor(parts: HandOverParts) {
    this.#parts = parts;
  }

  /** @throws TealError `already-running` while one is under way, or what the other said */
  async to(request: HandOverRequest): Promise<HandedOver> {
    if (this.#successor !== null) throw underWay();
    const { parent, workers, log } = this.#parts;
    const { cut: cutBefore } = parent.handOvers;
    const leaving = new Leaving({ parent, workers, drainMs: request.drainMs, cutBefore });
    const successor = new Successor(request, leaving.orders);
    this.#successor = successor;
    try {
      const prepared = await this.#prepare(successor);
      await parent.leave(() => this.#move(successor, prepared));
      this.#left = true;
      log.info({ pid: successor.pid, version: prepared.version }, 'another router has taken over');
      this.#parts.left();
      void this.#end(successor, leaving);
      return { pid: successor.pid, version: prepared.version, protocol: prepared.protocol };
    } catch (error) {
      log.error({ error: String(error) }, 'no other router has taken over');
      await successor.kill();
      await this.#parts.failed();
      this.#successor = null;
      throw error;
    }
  }

  /** This router is told to end: then so does one that has not taken over yet. */
  giveUp(): void {
    if (!this.#left) void this.#successor?.kill();
  }

  #prepare(successor: Successor): Promise<Prepared> {
    const { parent, listeners, tickets } = this.#parts;
    const { count, cut } = parent.handOvers;
    const inheritance = {
      handOver: handOverProtocol,
      version,
      table: parent.inForce.given,
      heardAt: parent.inForce.heard.at,
      tickets: tickets(),
      handOvers: { count: count + 1, cut },
    };
    return successor.inherit(inheritance, listeners);
  }

  async #move(successor: Successor, { generation }: Prepared): Promise<void> {
    const table = this.#parts.parent.inForce.given;
    if (table !== null && table.generation !== generation) await successor.bring(table);
    await successor.serve({ term: this.#parts.terms.highest });
  }

  async #end(successor: Successor, leaving: Leaving): Promise<void> {
    void successor.parted.then(() => leaving.orphaned());
    try {
      await successor.sayGoodbye({ retired: await leaving.over() });
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, 'the end of this router was not orderly');
    }
    this.#parts.over();
  }
}

function underWay(): TealError {
  return new TealError('already-running', 'the router is being replaced already', {
    remedy: 'Wait until that has ended: teal status.',
  });
}
