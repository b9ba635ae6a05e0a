import type { Logger } from 'pino';
import type { RoutingTable } from '../table.ts';
import { TealError } from '../../errors.ts';
import type { RetiredMessage } from './inheritance.ts';
import { Member } from './member.ts';
import { toTealError, type Message } from './rpc.ts';
import type { Preparation } from './worker.ts';

/** How this process speaks to the one that has started it. */
export interface Channel {
  readonly pid: number;
  readonly log: Logger;
  send(message: Message): void;
}

/**
 * The router process that this one has taken over from, with its workers and whoever it took over from: still carries
 * what was open then, by the orders of this one.
 */
export class Predecessor extends Member {
  readonly started: Promise<void> = Promise.resolve();
  readonly pid: number;
  readonly #log: Logger;
  readonly #channel: Channel;
  readonly #heard: (said: RetiredMessage['retired'] | null) => void;
  readonly #gone = Promise.withResolvers<void>();

  /** @param told once, what it said last; null when it ended without a word */
  constructor(
    channel: Channel,
    table: RoutingTable | null,
    told: (said: RetiredMessage['retired'] | null) => void,
  ) {
    super();
    this.pid = channel.pid;
    this.acknowledged(table);
    this.#log = channel.log;
    this.#channel = channel;
    this.#heard = told;
  }

  /** Resolves when it has ended. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** A table that its older program cannot take must not keep anybody from going by it: then it is the older one that ends. */
  override async prepare(table: RoutingTable): Promise<void> {
    try {
      await super.prepare(table);
    } catch (error) {
      if (this.dead) throw error;
      this.#log.error(
        { pid: this.pid, generation: table.generation, error: toTealError(error).message },
        'the router before this one cannot take a table: what it carries is ended',
      );
      this.caller.call('close', {}).catch(() => {});
      this.ended(null);
      throw error;
    }
  }

  /** Always whole: what it has compiled is not known for sure. */
  protected override told(_known: RoutingTable | null, table: RoutingTable): Preparation {
    return { table };
  }

  receive(message: Message | RetiredMessage): void {
    if ('retired' in message) this.ended(message.retired);
    else this.caller.receive(message);
  }

  /** @param said null: it is gone without a word */
  ended(said: RetiredMessage['retired'] | null): void {
    if (this.dead) return;
    this.dead = true;
    this.caller.fail(
      new TealError('router-unavailable', 'the router before this one has ended', { remedy: 'None needed.' }),
    );
    this.#heard(said);
    this.#gone.resolve();
  }

  kill(): void {
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  protected send(message: Message): void {
    this.#channel.send(message);
  }
}
