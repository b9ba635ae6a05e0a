import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Evaluated } from '../../features/evaluate.ts';
import type { FlagCount, Router } from '../../router/router.ts';
import { endsWithin } from '../pause.ts';

/** What has been seen of one flag. Times are milliseconds since the epoch. */
export interface FlagUsage {
  readonly app: string;
  readonly flag: string;
  /** By variant; `?` where there is no such flag, `!` where it could not be evaluated. */
  readonly variants: Readonly<Record<string, { readonly count: number; readonly last: number }>>;
  /** When it was last asked for by its name; null: only all flags at once were asked for. */
  readonly named: number | null;
  readonly first: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Kept {
  /** Of the router that was asked last. */
  readonly since: number;
  readonly counts: readonly FlagCount[];
  readonly usage: readonly FlagUsage[];
}

/** What is asked for is seen this late at most; a page that shows it asks beforehand. */
const everyMs = 10_000;
/** A router that is just switching answers later; what it says then is not lost. */
const patienceMs = 500;
/** Names that there are not are forgotten when nobody has asked for them for this long. */
const forgetMs = 30 * 24 * 3_600_000;

/** How often flags are evaluated, by all routers and by the control plane; kept over restarts in a file of the data directory. */
export class Usage {
  readonly #file: string;
  readonly #router: Pick<Router, 'flags'>;
  readonly #now: () => number;
  readonly #log: Logger;
  readonly #usage = new Map<string, FlagUsage>();
  #since = 0;
  #counts: ReadonlyMap<string, FlagCount> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #asking: Promise<void> | null = null;
  #changed = false;

  constructor(parts: {
    readonly data: string;
    readonly router: Pick<Router, 'flags'>;
    readonly now: () => number;
    readonly log: Logger;
  }) {
    this.#file = path.join(parts.data, 'flags.json');
    this.#router = parts.router;
    this.#now = parts.now;
    this.#log = parts.log;
  }

  /** Reads what was kept, and goes on from there. A file that cannot be read is begun anew: it only counts. */
  async begin(): Promise<void> {
    try {
      const kept = JSON.parse(await readFile(this.#file, 'utf8')) as Kept;
      for (const each of kept.usage) this.#usage.set(keyOf(each), each);
      this.#since = kept.since;
      this.#counts = byKey(kept.counts);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn({ error }, 'what was counted of flags cannot be read; counting anew');
    }
    this.#timer = setInterval(() => void this.#tick(), everyMs).unref();
  }

  /** Everything that is known now, of some apps or all. */
  async all(apps: readonly string[] | null): Promise<readonly FlagUsage[]> {
    await this.refresh();
    const all = [...this.#usage.values()];
    return apps === null ? all : all.filter(({ app }) => apps.includes(app));
  }

  /** Asks the router; not for long. */
  async refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    await endsWithin(this.#asking, patienceMs);
  }

  /** Counts what was evaluated here. @param named it was asked for by its name */
  count(app: string, evaluated: Evaluated, named: boolean): void {
    const variant = variantOf(evaluated);
    this.#add({ app, flag: evaluated.key, variants: { [variant]: 1 }, named: named ? 1 : 0 });
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.refresh();
    await this.#keep();
  }

  async #tick(): Promise<void> {
    await this.refresh();
    await this.#keep();
  }

  async #ask(): Promise<void> {
    try {
      const { since, counts } = await this.#router.flags();
      const before = since === this.#since ? this.#counts : new Map<string, FlagCount>();
      for (const each of counts) this.#add(minus(each, before.get(keyOf(each))));
      this.#since = since;
      this.#counts = byKey(counts);
    } catch {
      // A router of an older Teal counts none, and one that does not answer says it the next time.
    }
  }

  #add({ app, flag, variants, named }: FlagCount): void {
    const now = this.#now();
    const some = Object.entries(variants).filter(([, count]) => count > 0);
    if (some.length === 0) return;
    const key = keyOf({ app, flag });
    const known = this.#usage.get(key);
    const all: Record<string, Writable<FlagUsage['variants'][string]>> = { ...known?.variants };
    for (const [variant, count] of some)
      all[variant] = { count: (all[variant]?.count ?? 0) + count, last: now };
    const asked = named > 0 ? now : (known?.named ?? null);
    this.#usage.set(key, { app, flag, variants: all, named: asked, first: known?.first ?? now });
    this.#changed = true;
  }

  async #keep(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    const old = this.#now() - forgetMs;
    for (const [key, { variants }] of this.#usage)
      if (Object.values(variants).every(({ last }) => last < old)) this.#usage.delete(key);
    const kept: Kept = {
      since: this.#since,
      counts: [...this.#counts.values()],
      usage: [...this.#usage.values()],
    };
    try {
      const temporary = `${this.#file}.new`;
      await using handle = await open(temporary, 'w', 0o600);
      await handle.writeFile(JSON.stringify(kept));
      await rename(temporary, this.#file);
    } catch (error) {
      this.#log.warn({ error }, 'what was counted of flags cannot be kept');
    }
  }
}

/** Under which it is counted. */
const variantOf = (evaluated: Evaluated): string =>
  evaluated.ok ? evaluated.variant : evaluated.code === 'FLAG_NOT_FOUND' ? '?' : '!';

const keyOf = ({ app, flag }: Pick<FlagCount, 'app' | 'flag'>): string => JSON.stringify([app, flag]);

const byKey = (counts: readonly FlagCount[]): ReadonlyMap<string, FlagCount> =>
  new Map(counts.map((each) => [keyOf(each), each]));

function minus(now: FlagCount, before: FlagCount | undefined): FlagCount {
  if (before === undefined) return now;
  const variants = Object.entries(now.variants).map(([variant, count]): [string, number] => [
    variant,
    count - (before.variants[variant] ?? 0),
  ]);
  return { ...now, variants: Object.fromEntries(variants), named: now.named - before.named };
}
