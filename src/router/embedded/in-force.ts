import { statSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import type { Logger } from 'pino';
import { exposes, withoutExposures } from '../expired.ts';
import type { Confirmed, Heard, Repairs } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import { noSources } from './audience.ts';
import { Compiler } from './compiler.ts';
import { patched, sharing } from './delta.ts';
import type { Member } from './member.ts';
import type { Given, Held, Holds } from './options.ts';
import { Registry } from './registry.ts';
import { compileOrRefuse, garbled, goneElsewhere, older, refuseMalformed } from './refuse-table.ts';
import { hashTable, saveTable } from './table-file.ts';
import { turnMs, Word } from './word.ts';
import type { Workers } from './workers.ts';

/** How often the disk is told that the control plane was heard. What a restart of the router may be wrong by. */
const noteEveryMs = 5000;

/** A worker that does not say in this time is asked again later: it stands still, and sends nobody anywhere. */
const patienceMs = 2000;

export interface InForceParts {
  /** Of the table. */
  readonly file: string;
  /** By the router before this one, when it has told: milliseconds since the epoch. Else the file's time says when. */
  readonly heardAt: number | null;
  /** After how long without a word exposures expire; null: never. */
  readonly exposureMs: number | null;
  readonly log: Logger;
  /** A table that the control plane gave is in force on every worker. */
  readonly adopted: (table: RoutingTable) => void;
}

/**
 * The one table of a router process: what the control plane gave is what every worker has, says so itself, and keeps. What is malformed, older, or not
 * what its hash says is refused, and changes nothing. When nothing has been heard from the control plane for long, what releases expose is out of force
 * until it is heard again; on disk is always what it gave.
 */
export class InForce {
  readonly #workers: Workers;
  readonly #parts: InForceParts;
  readonly #word: Word;
  readonly #turning: NodeJS.Timeout;
  /** Only to see whether a table can be compiled: each app by itself, so that nothing is kept for those that are gone. */
  readonly #compiler = new Compiler(() => ({ registry: new Registry(), sources: noSources }));
  #given: Held | null = null;
  #table: RoutingTable | null;
  #expiry: Heard['expiry'] = null;
  #repairs: Repairs = { count: 0, last: null };
  #notedAt = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #left = false;

  constructor(workers: Workers, parts: InForceParts) {
    this.#workers = workers;
    this.#parts = parts;
    this.#table = workers.table;
    workers.strayed = (worker, has) => this.#strayed(worker, has);
    if (this.#table !== null) this.#given = heldOf(this.#table);
    const now = performance.now();
    const heardAt = this.#table === null ? null : (parts.heardAt ?? notedIn(parts.file));
    this.#word = new Word({ limitMs: parts.exposureMs, heardAt, today: Date.now(), now });
    this.#turning = setInterval(() => this.#turn(), turnMs).unref();
    // Of a router that was started again: it may be too long already.
    this.#turn();
  }

  close(): void {
    clearInterval(this.#turning);
  }

  get heard(): Heard {
    return { at: this.#word.heardAt, expiresAfterMs: this.#word.limitMs, expiry: this.#expiry };
  }

  get repairs(): Repairs {
    return this.#repairs;
  }

  /** The table that the control plane gave, in force or not. */
  get given(): RoutingTable | null {
    return this.#table;
  }

  /** One table at a time: see `Router.apply`. */
  apply(given: Given): Promise<void> {
    return this.#inTurn(() => this.#apply(given));
  }

  /** Resolves when all that was begun before has been done. */
  settled(): Promise<void> {
    return this.#inTurn(() => Promise.resolve());
  }

  /** Puts a table in force that the router before this one has been given since, and has put on disk. */
  takeOver(table: RoutingTable): Promise<void> {
    return this.#inTurn(async () => {
      const shared = sharing(table, this.#table);
      this.#table = shared;
      this.#given = heldOf(shared);
      // Given just now, so it was heard.
      this.#hear();
      await this.#bring(shared);
      this.#endExpiry();
    });
  }

  /** Another gives the orders from the end of `move` on, and no table is put in force while it lasts, nor by this one after it. */
  async leave(move: () => Promise<void>): Promise<void> {
    await this.#inTurn(async () => {
      await move();
      this.#left = true;
    });
    this.close();
  }

  /** See `Router.confirm`. */
  confirm(held: Held): Promise<Confirmed> {
    return this.#inTurn(async () => {
      if (this.#left) throw goneElsewhere();
      const given = this.#given;
      const same = given?.generation === held.generation && given.hash === held.hash;
      // Who means another table gives it next; who has been replaced as the one that leads does not count.
      if (same) this.#hear();
      if (same && this.#table !== null && this.#isExpired()) await this.#restore(this.#table);
      return { generation: given?.generation ?? 0, same };
    });
  }

  /** Asks every worker which table it has, and gives it the right one when it is another. Before anything is done that relies on it. */
  verify(): Promise<void> {
    return this.#inTurn(async () => {
      // One after the other: a repair brings all that are behind to the table.
      for (const worker of this.#workers.all) await this.#verifyOne(worker);
    });
  }

  /** What a worker has said of itself, beside what else it was asked. */
  look(worker: Member, holds: Holds): void {
    const table = this.#workers.table;
    if (table === null || worker.dead || isTable(holds, table)) return;
    // It may have been asked in the middle of a commit: only what it says in turn counts.
    this.#inTurn(() => this.#verifyOne(worker)).catch((error: unknown) =>
      this.#parts.log.error({ error, worker: worker.pid }, 'a worker could not be asked for its table'),
    );
  }

  async #apply(given: Given): Promise<void> {
    if (this.#left) throw goneElsewhere();
    const current = this.#table;
    const table = 'delta' in given ? patched(current, given.delta) : wholeOf(given.table, current);
    refuseMalformed(table);
    const held = heldOf(table);
    if (held.hash !== given.hash) throw garbled(table.generation);
    if (current !== null && table.generation <= current.generation) {
      if (held.hash !== this.#given?.hash) throw older(table, current);
      this.#hear();
      if (this.#isExpired()) await this.#restore(current);
      else await this.#workers.converge(current);
      return;
    }
    this.#hear();
    // What cannot be compiled is refused here, before a worker or the disk has heard of it.
    compileOrRefuse(this.#compiler, table);
    await Promise.all([saveTable(this.#parts.file, table), this.#workers.prepare(table)]);
    this.#table = table;
    this.#given = held;
    await this.#bring(table);
    this.#endExpiry();
    this.#parts.adopted(table);
    this.#parts.log.info({ generation: table.generation }, 'table in force');
  }

  async #bring(table: RoutingTable): Promise<void> {
    this.#workers.table = table;
    await this.#workers.converge(table);
  }

  #turn(): void {
    this.#word.turn(performance.now());
    if (!this.#word.expired || this.#isExpired() || this.#table === null || !exposes(this.#table)) return;
    this.#inTurn(() => this.#expire()).catch((error: unknown) =>
      this.#parts.log.error({ error }, 'exposures could not be taken out of force; trying again'),
    );
  }

  async #expire(): Promise<void> {
    const table = this.#table;
    // Heard while this waited for its turn.
    if (table === null || !this.#word.expired || this.#isExpired() || !exposes(table)) return;
    const { generation } = table;
    const silence = { generation, heardAt: this.#word.heardAt };
    this.#parts.log.warn(silence, 'nothing heard from the control plane: everyone goes to live until it is');
    await this.#bring(withoutExposures(table));
    this.#expiry = { from: Date.now(), until: null };
  }

  async #restore(table: RoutingTable): Promise<void> {
    await this.#bring(table);
    this.#endExpiry();
    this.#parts.log.info(
      { generation: table.generation },
      'the control plane is heard again: exposures are in force',
    );
  }

  #isExpired(): boolean {
    return this.#expiry !== null && this.#expiry.until === null;
  }

  #endExpiry(): void {
    if (this.#expiry !== null)
      this.#expiry = { from: this.#expiry.from, until: this.#expiry.until ?? Date.now() };
  }

  async #verifyOne(worker: Member): Promise<void> {
    const table = this.#workers.table;
    // One that has not acknowledged it is being brought to it.
    if (table === null || !worker.holds(table)) return;
    const signal = AbortSignal.timeout(patienceMs);
    const holds = (await worker.call('holds', {}, { signal }).catch(() => null)) as Holds | null;
    if (holds === null || worker.dead || isTable(holds, table)) return;
    this.#strayed(worker, holds.generation);
    worker.mistrust();
    await this.#workers.converge(table);
  }

  #strayed({ pid }: Member, had: number): void {
    const generation = this.#workers.table?.generation ?? 0;
    this.#parts.log.error(
      { worker: pid, had, generation },
      'a worker has another table: giving it the right one',
    );
    this.#repairs = { count: this.#repairs.count + 1, last: { at: Date.now(), pid, had, generation } };
  }

  #hear(): void {
    const today = Date.now();
    this.#word.heard(today);
    if (this.#table === null || !exposes(this.#table) || Math.abs(today - this.#notedAt) < noteEveryMs)
      return;
    this.#notedAt = today;
    // Not worth a word when it fails: after a restart of the router the time is then counted from an earlier one.
    void utimes(this.#parts.file, new Date(today), new Date(today)).catch(() => {});
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** With the objects of the table in force for all that has not changed: nobody has to look at those again. */
function wholeOf(table: RoutingTable, current: RoutingTable | null): RoutingTable {
  refuseMalformed(table);
  return sharing(table, current);
}

/** Which table it is, as a worker with it would say. */
export const holdsOf = (table: RoutingTable | null): Holds => ({
  generation: table?.generation ?? 0,
  expired: table !== null && isExpired(table),
});

const isTable = ({ generation, expired }: Holds, table: RoutingTable): boolean =>
  generation === table.generation && expired === isExpired(table);

const isExpired = ({ apps }: RoutingTable): boolean =>
  apps.some(({ audience }) => audience?.release?.expired === true);

function heldOf(table: RoutingTable): Held {
  return { generation: table.generation, hash: hashTable(table) };
}

/** The control plane was heard at least as late as the file says. */
function notedIn(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
