import { TealError } from '../errors.ts';
import type { Instance } from '../platform/platform.ts';
import type { Colour, Drain } from '../release/state.ts';
import type { Router } from '../router/router.ts';
import type { Routes } from './routes.ts';
import type { Apps } from './apps.ts';

export interface ReleasesOptions {
  readonly router: Pick<Router, 'drain'>;
  readonly routes: () => Pick<Routes, 'current'>;
  readonly apps: Pick<Apps, 'state'>;
}

const none: Drain = { finished: 0, cut: 0, seconds: 0 };

/**
 * Lets instances go: takes them out of the table, waits until every router has it, and drains them. Nothing is stopped
 * before that (the old version's processes are never touched before the drain has ended).
 */
export class Releases {
  readonly #options: ReleasesOptions;
  /** Their apps, by id. */
  readonly #released = new Map<string, string>();
  readonly #drains = new Map<string, Drain>();
  readonly #leaving = new AbortController();
  readonly #routerGone = new AbortController();

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** Instances that get nothing new: their apps, by id. */
  get released(): ReadonlyMap<string, string> {
    return this.#released;
  }

  /** Resolves when they may be stopped; rejects when Teal leaves before that: then nobody may stop them. */
  async release(instances: readonly Instance[]): Promise<void> {
    const [first] = instances;
    const endpoints = instances.filter(({ address }) => address !== null).map(({ id }) => id);
    for (const { id, app } of instances) this.#released.set(id, app);
    if (first === undefined || endpoints.length === 0) return;
    const signal = AbortSignal.any([this.#leaving.signal, this.#routerGone.signal]);
    try {
      await this.#options.routes().current(signal, first.app);
      const policy = drainPolicy(this.#options.apps, first);
      const drain = await this.#options.router.drain({ app: first.app, endpoints, ...policy }, signal);
      this.#add(first.app, first.colour, drain);
    } catch (error) {
      if (this.#leaving.signal.aborted || !this.#routerGone.signal.aborted) throw error;
    }
  }

  /** What the drains of this environment have counted since `forgetDrain`. */
  drainOf(app: string, colour: Colour): Drain {
    return this.#drains.get(`${app}/${colour}`) ?? none;
  }

  forgetDrain(app: string, colour: Colour): void {
    this.#drains.delete(`${app}/${colour}`);
  }

  /** Forgets instances of the app that are gone. To be called before another may come under the id of one. */
  keepOnly(app: string, existing: readonly Instance[]): void {
    const ids = new Set(existing.map(({ id }) => id));
    for (const [id, of] of this.#released) if (of === app && !ids.has(id)) this.#released.delete(id);
  }

  /** Teal lets go of everything: what is not drained yet goes on serving. */
  leave(): void {
    this.#leaving.abort(
      new TealError('control-unavailable', 'Teal is letting go of the instances', { remedy: 'teal up' }),
    );
  }

  /** From now on instances are let go without waiting: no request reaches them any more. */
  withoutRouter(): void {
    this.#routerGone.abort();
  }

  #add(app: string, colour: Colour, more: Drain): void {
    const sum = this.drainOf(app, colour);
    this.#drains.set(`${app}/${colour}`, {
      finished: sum.finished + more.finished,
      cut: sum.cut + more.cut,
      seconds: Math.max(sum.seconds, more.seconds),
    });
  }
}

/** How an environment is drained: as teal.yaml says now, or as it said when the app was still in it. */
export function drainPolicy(
  apps: Pick<Apps, 'state'>,
  { app, colour }: { readonly app: string; readonly colour: Colour },
): { readonly streams: 'drain' | 'close' | 'spread'; readonly deadlineMs: number } {
  const state = apps.state(app);
  const known = (state.config ?? state.environments[colour]?.spec)?.drain;
  return known ?? { streams: 'drain', deadlineMs: 0 };
}
