import { TealError } from '../../errors.ts';
import type { Counted, Past } from '../../metrics/counted.ts';
import type {
  Confirmed,
  CountRequest,
  DrainReport,
  DrainRequest,
  FlagCounts,
  Router,
  RouterStatus,
  StatusOf,
} from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { Adopting } from './connection.ts';
import { Connection } from './connection.ts';
import { deltaOf } from './delta.ts';
import type { Given, HandedOver, Held, Program, RouterOptions } from './options.ts';
import { hashTable } from './table-file.ts';

/** How often a call is repeated after the link broke under it; calls are idempotent. */
const attempts = 3;

/**
 * The embedded router, as the control plane holds it: a link to a router process of its own, which is found or
 * started, and found or started again when the link breaks. The process outlives this object.
 */
export class EmbeddedRouter implements Router {
  readonly #connection: Connection;
  /** Tables are large, and confirmed every other second. */
  readonly #hashes = new WeakMap<RoutingTable, string>();
  #queue: Promise<unknown> = Promise.resolve();
  /** The last table that was taken: the next one is told as a change of it. */
  #taken: RoutingTable | null = null;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Adopts the router process of the data directory, or starts one. Resolves when it listens.
   * One of another Teal, or with other options, hands its sockets over to one of this Teal, and ends when what it carries
   * has ended. Where it cannot, it is restarted: drained for a moment, with the port unanswered until the next one listens.
   * @throws TealError `port-taken`, `router-unavailable`, `not-leader`
   */
  static async start(options: RouterOptions, adopting?: Adopting): Promise<EmbeddedRouter> {
    const connection = new Connection(options, adopting);
    await connection.open();
    return new EmbeddedRouter(connection);
  }

  /** Called one after the other, in the order they were called. */
  apply(table: RoutingTable): Promise<void> {
    const applied = this.#queue.then(() => this.#apply(table));
    this.#queue = applied.catch(() => {});
    return applied;
  }

  async #apply(table: RoutingTable): Promise<void> {
    const base = this.#taken;
    if (base === null || !(await this.#change(base, table))) {
      await this.#call('apply', { table, hash: this.#hash(table) } satisfies Given);
    }
    this.#taken = table;
  }

  /** @returns false when it is refused: the router has another table, or knows whole ones only, or what it says of the whole one holds */
  async #change(base: RoutingTable, table: RoutingTable): Promise<boolean> {
    const given: Given = { delta: deltaOf(base, table), hash: this.#hash(table) };
    try {
      await this.#call('apply', given);
      return true;
    } catch (error) {
      if (error instanceof TealError && error.code === 'table-refused') return false;
      throw error;
    }
  }

  async drain(
    request: DrainRequest,
    signal: AbortSignal,
    onProgress?: (inFlight: number) => void,
  ): Promise<DrainReport> {
    const options = onProgress === undefined ? { signal } : { signal, onProgress };
    const until = performance.now() + request.deadlineMs;
    // Asked again of the router that has taken over meanwhile, with the time that is left.
    const args = () => ({ ...request, deadlineMs: Math.max(0, until - performance.now()) });
    return (await this.#call('drain', args, options)) as DrainReport;
  }

  async status(of?: StatusOf): Promise<RouterStatus> {
    return (await this.#call('status', of ?? {})) as RouterStatus;
  }

  async confirm(table: RoutingTable): Promise<Confirmed> {
    const held: Held = { generation: table.generation, hash: this.#hash(table) };
    return (await this.#call('confirm', held)) as Confirmed;
  }

  async count(request: CountRequest): Promise<Counted & { readonly lost: boolean }> {
    return (await this.#call('count', request)) as Counted & { readonly lost: boolean };
  }

  async past(app: string): Promise<Past> {
    return (await this.#call('past', { app })) as Past;
  }

  /**
   * Replaces the router process by one of another program, which gets its sockets: nobody notices. Resolves when that one
   * serves. @param drainMs for what the old one still carries
   * @throws TealError why it does not serve; the old one goes on then
   */
  handOver(program: Program, drainMs: number): Promise<HandedOver> {
    return this.#connection.handOver(program, drainMs);
  }

  async flags(): Promise<FlagCounts> {
    return (await this.#call('flags', {})) as FlagCounts;
  }

  /** Lets go of the router process, which goes on. */
  close(): void {
    this.#connection.close();
  }

  /** Stops the router process: what is in flight ends until the deadline, then by force. */
  async shutdown(deadlineMs: number): Promise<void> {
    await this.#connection.shutdown(deadlineMs);
  }

  #hash(table: RoutingTable): string {
    const hash = this.#hashes.get(table) ?? hashTable(table);
    this.#hashes.set(table, hash);
    return hash;
  }

  async #call(
    op: string,
    args: unknown,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (value: number) => void },
  ): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const caller = await this.#connection.caller();
      try {
        return await caller.call(op, typeof args === 'function' ? (args as () => unknown)() : args, options);
      } catch (error) {
        const broken = (error as Partial<TealError>).details?.['link'] === 'broken';
        if (!broken || attempt >= attempts || this.#connection.closed) throw error;
      }
    }
  }
}
