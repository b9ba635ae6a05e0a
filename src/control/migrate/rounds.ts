import type { Logger } from 'pino';

export interface RoundsOptions {
  readonly everyMs: number;
  /** Who is to be looked at, and on which server: one after the other there, so that looks never take it more than one connection. */
  readonly who: () => readonly { readonly app: string; readonly server: string }[];
  /** It may have been removed, or taken from its database, while others were looked at. */
  readonly still: (app: string) => boolean;
  /** @returns why there was nothing to see; null: there was */
  readonly look: (app: string) => Promise<string | null>;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Looks at every app again and again. Servers do not wait for each other: one that never answers holds up nobody but those who are on it,
 * and those for as long as a look may take.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  /** What is under way, by server; and looks that were asked for out of turn. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #extra = new Set<Promise<void>>();
  readonly #said = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#round(), this.#options.everyMs).unref();
  }

  /** Looks at one app now. */
  now(app: string): void {
    const look = this.#look(app).finally(() => this.#extra.delete(look));
    this.#extra.add(look);
  }

  /** Whatever is wrong with it later is said anew. */
  forget(app: string): void {
    this.#said.delete(app);
  }

  /** Begins nothing more. Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all([...this.#lines.values(), ...this.#extra]);
  }

  #round(): void {
    const servers = Map.groupBy(this.#options.who(), ({ server }) => server);
    for (const [server, apps] of servers) {
      if (this.#lines.has(server)) continue;
      const line = this.#oneByOne(apps.map(({ app }) => app)).finally(() => this.#lines.delete(server));
      this.#lines.set(server, line);
    }
  }

  async #oneByOne(apps: readonly string[]): Promise<void> {
    for (const app of apps) await this.#look(app);
  }

  async #look(app: string): Promise<void> {
    if (this.#isOver(app)) return;
    const why = await this.#options
      .look(app)
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (!this.#isOver(app)) this.#say(app, why);
  }

  #isOver(app: string): boolean {
    return this.#closed || !this.#options.still(app);
  }

  /** Once, until it is something else. */
  #say(app: string, why: string | null): void {
    if (why !== null && this.#said.get(app) !== why)
      this.#options.log.warn(
        { app, why },
        'which statements its versions send cannot be counted; a proof may lack some',
      );
    if (why === null) this.#said.delete(app);
    else this.#said.set(app, why);
  }
}
