import type { DrainRequest } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import { TealError } from '../../errors.ts';
import { sharing } from './delta.ts';
import type { Drained } from './drain.ts';
import { holdsOf } from './in-force.ts';
import type { RetiredMessage } from './inheritance.ts';
import type { Parent } from './parent.ts';
import { Predecessor } from './predecessor.ts';
import type { CallContext, Handler } from './rpc.ts';
import type { ToldOf } from './taps.ts';
import type { TlsMaterial } from './tls/material.ts';
import type { Workers } from './workers.ts';

/** Streams are told at their deadline that it is over, and have this long to hear it. */
const farewellMs = 2_000;

export interface LeavingParts {
  readonly parent: Parent;
  readonly workers: Workers;
  readonly drainMs: number;
  /** Cut by others before the one that takes over was told. */
  readonly cutBefore: number;
}

/**
 * A router process after another has taken over from it: carries what was open then, by the orders of that one, as one of
 * its workers does. So no request is chosen by an older table, and what is drained is drained here, too.
 */
export class Leaving {
  readonly #parts: LeavingParts;
  #since: number = Date.now();
  #table: RoutingTable | null = null;

  constructor(parts: LeavingParts) {
    this.#parts = parts;
  }

  /** Begins to end what is open; resolves when nothing is carried any more: what it says last. */
  async over(): Promise<RetiredMessage['retired']> {
    const { parent, workers, drainMs, cutBefore } = this.#parts;
    this.#since = Date.now();
    const before = workers.all.flatMap((member) => (member instanceof Predecessor ? [member.gone] : []));
    const own = await workers.retire(drainMs, (worker, status) => parent.ended(worker, status, null));
    await Promise.all(before);
    return { cut: own + parent.handOvers.cut - cutBefore, status: await parent.asMember(this.#times) };
  }

  /**
   * Nobody is left to give orders: what has been sent to an instance ends as it would have, and nothing else is sent by a
   * table that may not be in force any more.
   */
  orphaned(): void {
    const left = this.#times.until + farewellMs - Date.now();
    void this.#parts.workers.close(Math.max(0, left));
  }

  readonly orders: Handler = async (op, args, context) => {
    const operation = this.#operations[op];
    if (operation === undefined) {
      throw new TealError('internal', `a router that leaves knows no ${op}`, {
        remedy: 'Use the same version.',
      });
    }
    return operation(args as never, context);
  };

  get #times(): { since: number; until: number } {
    return { since: this.#since, until: this.#since + this.#parts.drainMs };
  }

  readonly #operations: Readonly<Record<string, (args: never, context: CallContext) => unknown>> = {
    prepare: async ({ table }: { table: RoutingTable }) => {
      const { workers } = this.#parts;
      // So that workers are told only what changes.
      const shared = sharing(table, workers.table);
      await workers.prepare(shared);
      this.#table = shared;
    },
    commit: async () => {
      const { workers } = this.#parts;
      if (this.#table !== null) {
        workers.table = this.#table;
        await workers.converge(this.#table);
      }
      return workers.table?.generation ?? 0;
    },
    holds: () => holdsOf(this.#parts.workers.table),
    drain: async (request: DrainRequest, context): Promise<Drained> => {
      const { finished, cut } = await this.#parts.parent.drain(request, context);
      return { finished, cut };
    },
    status: () => this.#parts.parent.asMember(this.#times),
    people: async () => (await this.#all<readonly ToldOf[]>('people', {})).flat(),
    latencies: async (args: { app: string }) => addUp(await this.#all<readonly number[]>('latencies', args)),
    reopen: () => this.#parts.parent.reopenLogs(),
    material: (material: TlsMaterial) => this.#parts.workers.decryptWith(material),
    close: ({ deadlineMs = 0 }: { deadlineMs?: number }) => this.#parts.workers.close(deadlineMs),
  };

  /** What each of those that still carry something answers; one that ends meanwhile has nothing more to say. */
  async #all<Part extends readonly unknown[]>(op: string, args: unknown): Promise<readonly Part[]> {
    const answers = this.#parts.workers.all.map((worker) => worker.call(op, args).catch(() => []));
    return (await Promise.all(answers)) as readonly (readonly unknown[])[] as readonly Part[];
  }
}

function addUp(all: readonly (readonly number[])[]): readonly number[] {
  const longest = Math.max(0, ...all.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => all.reduce((sum, each) => sum + (each[at] ?? 0), 0));
}
