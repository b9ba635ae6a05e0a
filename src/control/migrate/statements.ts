import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Snapshot } from '../../database/prove/collect.ts';
import type { Corpus } from '../../database/prove/corpus.ts';
import { policyOf } from '../../release/migrate.ts';
import type { AppState } from '../../release/state.ts';
import type { Store } from '../../store/store.ts';
import type { Apps } from '../apps.ts';
import { endsWithin } from '../pause.ts';
import { addressOf } from './address.ts';
import type { Migrations } from './contract.ts';
import { countedAt, countedBy } from './counted.ts';
import { lookAt } from './look-at.ts';
import { Memory } from './memory.ts';
import { Rounds } from './rounds.ts';
import { runningIn, type Running } from './sent.ts';

export interface StatementsOptions {
  readonly store: Pick<Store, 'statements'>;
  readonly apps: Pick<Apps, 'state' | 'states' | 'names' | 'listen'>;
  /** Tells whether Teal itself is at work in a database. */
  readonly migrations: Migrations;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
  /** How long a version that no role tells apart is watched alone before contract, in ms. */
  readonly aloneMs?: number;
  /** Between two looks, in ms. */
  readonly everyMs?: number;
  /** How long a look may take, in ms. */
  readonly lookMs?: number;
}

/** A statement that is thrown out within it, and never sent again, is lost; a look takes the server some milliseconds. */
const usualEveryMs = 30_000;
/** Twice what a server has to take a connection, and over before the next look begins. */
const usualLookMs = 20_000;
/** A server that does not answer does not keep Teal from ending. */
const closeMs = 2000;
/** What an app's people do in a minute is most of what it sends; what it does at night is in its files, or told by a role. */
const usualAloneMs = 60_000;

/**
 * Which statements each version of an app sends to its database: the server's counters are looked at again and again, since the server
 * forgets the rare ones, and does not know of versions; and whenever another version comes or goes, so that each gets its own.
 */
export class Statements {
  readonly #options: StatementsOptions;
  readonly #memories = new Map<string, Promise<Memory>>();
  readonly #running = new Map<string, Running>();
  readonly #rounds: Rounds;
  readonly #over = new AbortController();
  #unlisten: () => void = () => undefined;
  readonly aloneMs: number;

  constructor(options: StatementsOptions) {
    this.#options = options;
    this.aloneMs = options.aloneMs ?? usualAloneMs;
    this.#rounds = new Rounds({
      everyMs: options.everyMs ?? usualEveryMs,
      who: () => options.apps.states().flatMap((state) => countedAt(state)),
      still: (app) => countedBy(options.apps.state(app)) !== null,
      look: async (app) => {
        const seen = await this.look(app);
        return typeof seen === 'string' ? seen : null;
      },
      log: options.log,
    });
  }

  /** Looks from now on. */
  start(): this {
    const { apps, log } = this.#options;
    for (const state of apps.states()) this.#running.set(state.app, runningIn(state));
    this.#unlisten = apps.listen((state) => this.#hear(state));
    this.#rounds.start();
    this.#forgetOthers().catch((error: unknown) =>
      log.warn(
        { error },
        'what apps of before have sent could not be removed; trying again at the next start',
      ),
    );
    return this;
  }

  async close(): Promise<void> {
    this.#unlisten();
    await endsWithin(this.#rounds.close(), closeMs);
    this.#over.abort();
    for (const reading of this.#memories.values())
      await reading.then((memory) => memory.keep()).catch(() => undefined);
  }

  /**
   * Looks now. @returns what the server has counted since its statistics began, or words why there is nothing to see
   * @throws TealError `database-unavailable`, `secret-missing`, `package-missing`; the server's error
   */
  async look(app: string): Promise<Snapshot | string> {
    const memory = await this.#memory(app);
    return await memory.inTurn(() => this.#look(app, memory));
  }

  /** What a version has sent, as far as that was seen. */
  async of(app: string, version: string): Promise<Corpus> {
    return (await this.#memory(app)).of(version);
  }

  /** How long a version has been seen to be the only one, in ms; 0: it is not. */
  async alone(app: string, version: string): Promise<number> {
    return (await this.#memory(app)).alone(version);
  }

  /** Forgets what nobody can go back to. */
  async keepOnly(app: string, versions: ReadonlySet<string>): Promise<void> {
    await (await this.#memory(app)).keepOnly(versions);
  }

  #hear(state: AppState): void {
    const { app, config } = state;
    if (config === null) return this.#forget(app);
    const running = runningIn(state);
    if (isDeepStrictEqual(this.#running.get(app), running)) return;
    this.#running.set(app, running);
    // What comes after it was sent by somebody else.
    this.#rounds.now(app);
  }

  #forget(app: string): void {
    this.#running.delete(app);
    this.#rounds.forget(app);
    const known = this.#memories.get(app);
    if (known === undefined) return;
    const forgotten = known.then((memory) => memory.forget());
    // Who comes by the same name knows nothing of it.
    const next = forgotten.catch(() => undefined).then(() => this.#read(app));
    next.catch(() => this.#memories.delete(app));
    this.#memories.set(app, next);
  }

  /** Of apps that are no more: a Teal that was killed, or did not know of this yet, may have left it. */
  async #forgetOthers(): Promise<void> {
    const { apps, store } = this.#options;
    for (const app of await store.statements.apps())
      if (!apps.names().includes(app)) await store.statements.forget(app);
  }

  async #look(app: string, memory: Memory): Promise<Snapshot | string> {
    const { apps } = this.#options;
    const policy = policyOf(apps.state(app));
    if (policy === null || policy.url === null) return 'teal.yaml names no database that could be asked';
    const { lookMs: withinMs = usualLookMs, migrations, now } = this.#options;
    const { snapshot, without } = await lookAt({
      url: addressOf(app, policy.url),
      roles: policy.roles,
      // Before the first step nothing of a phase has been sent.
      isBusy: () => (migrations.progress(app)?.of ?? 0) > 0,
      readings: memory.readings,
      now,
      withinMs,
      signal: this.#over.signal,
    });
    memory.lost = typeof snapshot === 'string' ? snapshot : null;
    if (typeof snapshot === 'string') return snapshot;
    const state = apps.state(app);
    await memory.take({
      snapshot,
      running: runningIn(state),
      live: state.live,
      roles: policy.roles,
      without,
    });
    return snapshot;
  }

  #memory(app: string): Promise<Memory> {
    const known = this.#memories.get(app);
    if (known !== undefined) return known;
    const reading = this.#read(app);
    // What could not be read is read again the next time.
    reading.catch(() => this.#memories.delete(app));
    this.#memories.set(app, reading);
    return reading;
  }

  #read(app: string): Promise<Memory> {
    const { store, now } = this.#options;
    return Memory.read({ app, store: store.statements, now });
  }
}
