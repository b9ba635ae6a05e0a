/** One place: a role in one environment of an app. Makes its slots what was asked for last. */
import { TealError } from '../../errors.ts';
import type { Instance, Place, Stopped, Workload } from '../platform.ts';
import type { Context } from './context.ts';
import { checkWorkload } from './instance.ts';
import { Slot, type Adopted } from './slot.ts';
import { abortable } from './wait.ts';

/** One call of `ensure` at work; a later call ends it. */
interface Turn {
  readonly workload: Workload;
  readonly end: AbortController;
  readonly done: Promise<void>;
}

export class PlaceSupervisor {
  readonly #context: Context;
  readonly #place: Place;
  #slots: Slot[] = [];
  #turn: Turn | null = null;
  #stopping: Promise<readonly Stopped[]> | null = null;

  constructor(place: Place, context: Context) {
    this.#place = place;
    this.#context = context;
  }

  get app(): string {
    return this.#place.app;
  }

  /** Takes over an instance that was found. One that was being stopped is stopped to the end. */
  adopt(found: Adopted, wasStopping: boolean): Slot {
    const free = this.#slots.every((slot) => slot.number !== found.spec.slot);
    const slot = new Slot(free ? found.spec.slot : this.#freeNumber(), this.#context, found);
    this.#slots.push(slot);
    // The mark is written after the release, so nothing is asked again.
    if (wasStopping) this.#remove([slot]).catch((error: unknown) => this.#notEnded(slot, error));
    return slot;
  }

  /** Teal lets go before it has ended: the next one goes on with it. */
  #notEnded(slot: Slot, error: unknown): void {
    if (this.#context.closing.aborted) return;
    this.#context.log.warn(
      { ...this.#place, version: slot.version, error },
      'an instance could not be stopped',
    );
  }

  instances(): readonly Instance[] {
    return this.#slots.flatMap((slot) => slot.view() ?? []);
  }

  /** As `Platform.ensure`, without the caller's signal. */
  ensure(workload: Workload): Promise<void> {
    if (this.#turn !== null && sameWish(this.#turn.workload, workload)) return this.#turn.done;
    const before = this.#supersede(`a later call wants ${describe(workload)}`);
    const end = new AbortController();
    const done = this.#take(workload, end.signal, [before, this.#stopping]).finally(() => {
      if (this.#turn?.end === end) this.#turn = null;
    });
    this.#turn = { workload, end, done };
    return done;
  }

  /** As `Platform.stop`. Ends a running `ensure`; a second call joins the first. */
  stop(): Promise<readonly Stopped[]> {
    if (this.#stopping !== null && this.#turn === null) return this.#stopping;
    const stopping = this.#stop(this.#stopping).finally(() => {
      if (this.#stopping === stopping) this.#stopping = null;
    });
    this.#stopping = stopping;
    return stopping;
  }

  /** Lets go of everything without stopping it. */
  async close(): Promise<void> {
    const before = this.#supersede('Teal lets go of its instances');
    await Promise.all(this.#slots.map((slot) => slot.close()));
    await before;
  }

  /** Ends the running `ensure`. Resolves when it no longer does anything. */
  async #supersede(why: string): Promise<void> {
    const turn = this.#turn;
    this.#turn = null;
    if (turn === null) return;
    const { app, colour, role } = this.#place;
    const message = `starting ${describe(turn.workload)} at ${app}/${colour}/${role} was given up: ${why}`;
    turn.end.abort(
      new TealError('wrong-state', message, { remedy: 'See `teal status` for what is wanted now.' }),
    );
    await turn.done.catch(() => undefined);
  }

  async #take(workload: Workload, signal: AbortSignal, before: readonly unknown[]): Promise<void> {
    await Promise.allSettled(before);
    signal.throwIfAborted();
    try {
      await this.#converge(workload, signal);
    } catch (error) {
      // Given up for another wish: that one decides what becomes of the instances.
      if (!signal.aborted) await this.#remove(this.#slots.filter((slot) => !slot.established));
      throw error;
    }
  }

  async #converge(workload: Workload, signal: AbortSignal): Promise<void> {
    checkWorkload(workload, this.#context);
    await this.#empty(this.#slots.filter((slot) => isUnfit(slot, workload)));
    signal.throwIfAborted();
    await this.#empty(this.#surplus(workload));
    signal.throwIfAborted();
    while (this.#slots.length < workload.instances) this.#add(workload);
    const fresh = this.#slots.filter((slot) => slot.restart >= workload.restart);
    for (const slot of fresh) slot.want(workload);
    await abortable(Promise.all(fresh.map((slot) => slot.untilHealthy())), signal);
    await this.#replaceOld(workload, signal);
  }

  /** One at a time, and the replacement is healthy before the old one is released. */
  async #replaceOld(workload: Workload, signal: AbortSignal): Promise<void> {
    for (const old of this.#slots.filter((slot) => slot.restart < workload.restart)) {
      await abortable(this.#add(workload).untilHealthy(), signal);
      await this.#empty([old]);
      signal.throwIfAborted();
    }
  }

  /** Too many: those go first that do the least good, then the older by restart, then the youngest. */
  #surplus(workload: Workload): readonly Slot[] {
    const worst = this.#slots.toSorted(
      (a, b) => Number(a.healthy) - Number(b.healthy) || a.restart - b.restart || b.startedAt - a.startedAt,
    );
    return worst.slice(0, Math.max(this.#slots.length - workload.instances, 0));
  }

  #add(workload: Workload): Slot {
    const slot = new Slot(this.#freeNumber(), this.#context, workload);
    this.#slots.push(slot);
    return slot;
  }

  #freeNumber(): number {
    const taken = new Set(this.#slots.map((slot) => slot.number));
    let number = 0;
    while (taken.has(number)) number += 1;
    return number;
  }

  async #stop(before: Promise<unknown> | null): Promise<readonly Stopped[]> {
    await Promise.allSettled([before, this.#supersede('the place is being stopped')]);
    return this.#empty(this.#slots);
  }

  /** Released first, then stopped. */
  async #empty(slots: readonly Slot[]): Promise<readonly Stopped[]> {
    if (slots.length === 0) return [];
    for (const slot of slots) slot.retire();
    const instances = slots.flatMap((slot) => slot.view() ?? []);
    if (instances.length > 0) await this.#context.hooks.release(instances);
    return this.#remove(slots);
  }

  async #remove(slots: readonly Slot[]): Promise<readonly Stopped[]> {
    const stopped = await Promise.all(slots.map((slot) => slot.stop()));
    const gone = new Set(slots);
    this.#slots = this.#slots.filter((slot) => !gone.has(slot));
    this.#context.hooks.changed(this.#place);
    return stopped.filter((each) => each !== null);
  }
}

/** Of another version, half removed already, or ended before a restart that was asked for since. */
function isUnfit(slot: Slot, workload: Workload): boolean {
  const ended = slot.view() === null && slot.restart < workload.restart;
  return slot.retiring || slot.version !== workload.version || ended;
}

const describe = (workload: Workload): string => `${workload.instances} × ${workload.version}`;

/** The spec is compared by its text: it is plain data, parsed from one file. */
function sameWish(a: Workload, b: Workload): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
