import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { DatabasePolicy } from '../../config/database.ts';
import { look, type Snapshot } from '../../database/prove/collect.ts';
import { emptyCorpus, type Corpus } from '../../database/prove/corpus.ts';
import { connect } from '../../database/prove/session.ts';
import { loadParser } from '../../database/sql/parser.ts';
import { policyOf } from '../../release/migrate.ts';
import type { Store } from '../../store/store.ts';
import type { Apps } from '../apps.ts';
import { endsWithin } from '../pause.ts';
import type { Migrations } from './contract.ts';
import { addressOf } from './address.ts';
import { added, onlyOne, runningIn, share, type Counting } from './sent.ts';

export interface StatementsOptions {
  readonly store: Pick<Store, 'statements'>;
  readonly apps: Pick<Apps, 'state' | 'states'>;
  /** Tells whether Teal itself is at work in a database. */
  readonly migrations: Migrations;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
  /** How long a version that no role tells apart is watched alone before contract, in ms. */
  readonly aloneMs?: number;
  /** Between two looks, in ms. */
  readonly everyMs?: number;
}

/** A statement that is thrown out within it, and never sent again, is lost; a look takes the server some milliseconds. */
const usualEveryMs = 30_000;
/** New statements are kept at once; that the same were sent again, which only weighs them, now and then. */
const keepMs = 600_000;
/** A server that does not answer does not keep Teal from ending. */
const closeMs = 2000;
/** What an app's people do in a minute is most of what it sends; what it does at night is in its files, or told by a role. */
const usualAloneMs = 60_000;

interface Of {
  counting: Counting | null;
  readonly corpora: Map<string, Corpus>;
  /** Why nothing is known, in words; null: it is. */
  lost: string | null;
  keptAt: number;
  /** One look after the other. */
  turn: Promise<unknown>;
  /** Versions of which more is known than is kept. */
  readonly unkept: Set<string>;
}

/**
 * Which statements each version of an app sends to its database: the server's counters are looked at again and again, since the server
 * forgets the rare ones, and does not know of versions.
 */
export class Statements {
  readonly #options: StatementsOptions;
  readonly #apps = new Map<string, Promise<Of>>();
  readonly #said = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  readonly aloneMs: number;

  constructor(options: StatementsOptions) {
    this.#options = options;
    this.aloneMs = options.aloneMs ?? usualAloneMs;
  }

  /** Looks from now on. */
  start(): this {
    this.#arm();
    return this;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await endsWithin(this.#looking, closeMs);
    for (const [app, of] of this.#apps) await this.#keep(app, await of).catch(() => undefined);
  }

  /**
   * Looks now. @returns what the server has counted since its statistics began, or words why there is nothing to see
   * @throws TealError `database-unavailable`, `secret-missing`, `package-missing`; the server's error
   */
  async look(app: string): Promise<Snapshot | string> {
    const of = await this.#of(app);
    const turn = of.turn.then(
      () => this.#look(app, of),
      () => this.#look(app, of),
    );
    of.turn = turn.catch(() => undefined);
    return await turn;
  }

  /** What a version has sent, as far as that was seen. */
  async of(app: string, version: string): Promise<Corpus> {
    const { corpora, lost } = await this.#of(app);
    const known = corpora.get(version) ?? emptyCorpus;
    return lost === null ? known : { ...known, lost: [...known.lost, lost] };
  }

  /** How long a version has been seen to be the only one, in ms; 0: it is not. */
  async alone(app: string, version: string): Promise<number> {
    const { counting } = await this.#of(app);
    if (counting === null || counting.aloneSince === null || onlyOne(counting.running) !== version) return 0;
    return counting.at - counting.aloneSince;
  }

  /** Forgets what nobody can go back to. */
  async keepOnly(app: string, versions: ReadonlySet<string>): Promise<void> {
    const { corpora } = await this.#of(app);
    for (const version of corpora.keys()) if (!versions.has(version)) corpora.delete(version);
    await this.#options.store.statements.keepOnly(app, versions);
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#everybody().finally(() => this.#arm());
    }, this.#options.everyMs ?? usualEveryMs).unref();
  }

  async #everybody(): Promise<void> {
    for (const state of this.#options.apps.states()) {
      const policy = policyOf(state);
      if (this.#closed || policy === null || policy.url === null || policy.proof === null) continue;
      const { app } = state;
      try {
        const seen = await this.look(app);
        this.#say(app, typeof seen === 'string' ? seen : null);
      } catch (error) {
        this.#say(app, error instanceof Error ? error.message : String(error));
      }
    }
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

  async #look(app: string, of: Of): Promise<Snapshot | string> {
    const { apps, now } = this.#options;
    const policy = policyOf(apps.state(app));
    if (policy === null || policy.url === null) return 'teal.yaml names no database that could be asked';
    const { snapshot, without } = await this.#ask(app, addressOf(app, policy.url), policy);
    of.lost = typeof snapshot === 'string' ? snapshot : null;
    if (typeof snapshot === 'string') return snapshot;
    const { live } = apps.state(app);
    const running = runningIn(apps.state(app));
    const before = of.counting;
    const { counting, sent } = share(before, { snapshot, running, live, roles: policy.roles, without });
    of.counting = counting;
    const news = [...sent].filter(([version, corpus]) => {
      const known = of.corpora.get(version) ?? null;
      const all = added(known, corpus);
      of.corpora.set(version, all);
      of.unkept.add(version);
      return all.statements.length !== known?.statements.length;
    });
    const moved = before === null || !isDeepStrictEqual(before.running, running);
    if (moved || news.length > 0 || now() - of.keptAt > keepMs) await this.#keep(app, of);
    return snapshot;
  }

  /** @returns also the role that Teal itself is at work with; null: it is not */
  async #ask(
    app: string,
    url: string,
    { roles }: DatabasePolicy,
  ): Promise<{ readonly snapshot: Snapshot | string; readonly without: string | null }> {
    const session = await connect({ url });
    try {
      // Before the first step nothing of a phase has been sent.
      const busy = (this.#options.migrations.progress(app)?.of ?? 0) > 0;
      const asked = roles === null ? null : [roles.blue, roles.green];
      const snapshot = await look(await loadParser(), session, { roles: asked, now: this.#options.now() });
      if (!busy) return { snapshot, without: null };
      const [row] = await session.query<{ role: string }>('SELECT current_user::text AS role');
      return { snapshot, without: row?.role ?? null };
    } finally {
      await session.close();
    }
  }

  async #keep(app: string, of: Of): Promise<void> {
    if (of.counting === null) return;
    of.keptAt = this.#options.now();
    const unkept = [...of.corpora].filter(([version]) => of.unkept.has(version));
    await this.#options.store.statements.save(
      app,
      of.keptAt,
      new Map<string, unknown>([['', of.counting], ...unkept]),
    );
    for (const [version] of unkept) of.unkept.delete(version);
  }

  #of(app: string): Promise<Of> {
    const known = this.#apps.get(app);
    if (known !== undefined) return known;
    const reading = this.#options.store.statements.read(app).then((kept): Of => {
      const { '': counting = null, ...corpora } = Object.fromEntries(kept);
      return {
        counting: counting as Counting | null,
        corpora: new Map(Object.entries(corpora) as [string, Corpus][]),
        lost: null,
        unkept: new Set(),
        keptAt: this.#options.now(),
        turn: Promise.resolve(),
      };
    });
    // What could not be read is read again the next time.
    reading.catch(() => this.#apps.delete(app));
    this.#apps.set(app, reading);
    return reading;
  }
}
