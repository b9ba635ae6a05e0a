import type { Effect } from '../release/effects.ts';
import { pause } from './pause.ts';

/** Does one effect; resolves when it is done. Throws when it has to be tried again. */
type Perform = (app: string, effect: Effect, signal: AbortSignal) => Promise<void>;

export interface RunnerOptions {
  readonly perform: Perform;
  /** Told about each failed try. */
  readonly failed: (app: string, effect: Effect, error: unknown) => void;
}

/** Long enough not to spin on what is broken, short enough to notice when it is mended. */
const retryMs = { first: 250, last: 15_000 };

/**
 * Works at the wishes of every app: starts what is newly wished for, gives up what no longer is, leaves alone what
 * goes on. Level-triggered: only the last set of wishes counts, so nothing has to be remembered over a restart.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #apps = new Map<string, Map<string, AbortController>>();
  readonly #running = new Set<Promise<void>>();
  #over = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** The effects are started in the order given: the most urgent first. */
  want(app: string, effects: readonly Effect[]): void {
    if (this.#over) return;
    const current = this.#apps.get(app) ?? new Map<string, AbortController>();
    this.#apps.set(app, current);
    const keys = new Set(effects.map((effect) => effect.key));
    for (const [key, controller] of current) {
      if (keys.has(key)) continue;
      controller.abort();
      current.delete(key);
    }
    for (const effect of effects) if (!current.has(effect.key)) this.#start(app, effect, current);
  }

  /** Tells every effect to end, and starts none any more. */
  giveUp(): void {
    this.#over = true;
    for (const current of this.#apps.values()) for (const controller of current.values()) controller.abort();
    this.#apps.clear();
  }

  /** Gives everything up; resolves when nothing works any more. */
  async close(): Promise<void> {
    this.giveUp();
    await Promise.all(this.#running);
  }

  #start(app: string, effect: Effect, current: Map<string, AbortController>): void {
    const controller = new AbortController();
    current.set(effect.key, controller);
    const work = this.#work(app, effect, controller.signal).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #work(app: string, effect: Effect, signal: AbortSignal): Promise<void> {
    for (let wait = retryMs.first; !signal.aborted; wait = Math.min(wait * 2, retryMs.last)) {
      try {
        return await this.#options.perform(app, effect, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.failed(app, effect, error);
        await pause(wait, signal);
      }
    }
  }
}
