import type { Fact } from '../release/input.ts';
import { teal, type Apps } from './apps.ts';
import { pause } from './pause.ts';

export interface FactsOptions {
  readonly apps: Pick<Apps, 'submit'>;
  /** Told about each failed try. */
  readonly failed: (app: string, fact: Fact, error: unknown) => void;
}

const retryMs = { first: 250, last: 15_000 };

/**
 * Facts that nobody waits for, such as a crash loop: told once, kept until they are stored (the disk may be full just
 * then). A fact that has become stale meanwhile changes nothing, so trying again does no harm.
 */
export class Facts {
  readonly #options: FactsOptions;
  readonly #closed = new AbortController();
  readonly #telling = new Set<Promise<void>>();

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  tell(app: string, fact: Fact): void {
    const telling = this.#tell(app, fact).finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }

  giveUp(): void {
    this.#closed.abort();
  }

  /** What could not be stored is given up: after a restart it is found out again. */
  async close(): Promise<void> {
    this.giveUp();
    await Promise.all(this.#telling);
  }

  async #tell(app: string, fact: Fact): Promise<void> {
    const { signal } = this.#closed;
    for (let wait = retryMs.first; !signal.aborted; wait = Math.min(wait * 2, retryMs.last)) {
      try {
        await this.#options.apps.submit(app, fact, teal);
        return;
      } catch (error) {
        this.#options.failed(app, fact, error);
        await pause(wait, signal);
      }
    }
  }
}
