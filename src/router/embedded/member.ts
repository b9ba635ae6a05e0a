import type { RoutingTable } from '../table.ts';
import { deltaOf } from './delta.ts';
import type { CallOptions, Message } from './rpc.ts';
import { Caller } from './rpc.ts';
import type { Preparation } from './worker.ts';

/** Who carries traffic by a parent's orders: one of its workers, or the router process before it, with what it has left. */
export abstract class Member {
  dead = false;
  abstract readonly pid: number;
  /** Resolves when it takes orders; rejects when it ended before. */
  abstract readonly started: Promise<void>;
  protected readonly caller: Caller = new Caller((message) => this.send(message));
  /** That it has acknowledged; undefined until it runs, null when it has none. */
  #table: RoutingTable | null | undefined;
  #prepared: RoutingTable | null = null;
  /** The last one that it has compiled: the next one is told as a change of it. */
  #known: RoutingTable | null = null;

  abstract kill(): void;

  protected abstract send(message: Message): void;

  async call(op: string, args: unknown, options?: CallOptions): Promise<unknown> {
    await this.started;
    return this.caller.call(op, args, options);
  }

  async prepare(table: RoutingTable): Promise<void> {
    await this.call('prepare', this.told(this.#known, table));
    this.#known = table;
    this.#prepared = table;
  }

  /** Whether it has acknowledged just this table. */
  holds(table: RoutingTable): boolean {
    return this.#table === table;
  }

  /** Whatever it has acknowledged, it does not have it. */
  mistrust(): void {
    this.#table = undefined;
    this.#prepared = null;
    this.#known = null;
  }

  /** Puts the table in force there, whatever it had before. @returns the generation that it then says it has */
  async bring(table: RoutingTable): Promise<number> {
    await this.started;
    const { generation } = table;
    if (this.holds(table)) return generation;
    if (this.#prepared !== table) await this.prepare(table);
    this.#prepared = null;
    const has = (await this.call('commit', { generation })) as number;
    if (has === generation) this.#table = table;
    return has;
  }

  /** How it is told of a table. @param known the last one that it has compiled */
  protected told(known: RoutingTable | null, table: RoutingTable): Preparation {
    return known === null ? { table } : { delta: deltaOf(known, table) };
  }

  /** It is given this table at its beginning. */
  protected begins(table: RoutingTable | null): void {
    this.#known = table;
  }

  protected acknowledged(table: RoutingTable | null): void {
    this.#table = table;
  }
}
