import type { Evaluated } from '../../../features/evaluate.ts';

/** How often a flag gave each of its values; of one that there is not, how often it was asked for. */
export interface FlagCount {
  readonly app: string;
  readonly flag: string;
  /** By variant; `?` for a flag that there is not, `!` for one that could not be evaluated. */
  readonly variants: Readonly<Record<string, number>>;
}

/** Names that anybody can make up are remembered up to here, for each app. */
const mostUnknown = 200;

/** What a worker has counted since it started. */
export class FlagTally {
  readonly #apps = new Map<string, Map<string, Record<string, number>>>();
  readonly #unknown = new Map<string, number>();

  count(app: string, evaluated: Evaluated): void {
    const { key } = evaluated;
    const flags = this.#apps.get(app) ?? this.#add(app);
    let variants = flags.get(key);
    if (variants === undefined) {
      const made = !evaluated.ok && evaluated.code === 'FLAG_NOT_FOUND';
      if (made && (this.#unknown.get(app) ?? 0) >= mostUnknown) return;
      if (made) this.#unknown.set(app, (this.#unknown.get(app) ?? 0) + 1);
      variants = {};
      flags.set(key, variants);
    }
    const variant = evaluated.ok ? evaluated.variant : evaluated.code === 'FLAG_NOT_FOUND' ? '?' : '!';
    variants[variant] = (variants[variant] ?? 0) + 1;
  }

  /** All of it. */
  get counts(): readonly FlagCount[] {
    return [...this.#apps].flatMap(([app, flags]) =>
      [...flags].map(([flag, variants]) => ({ app, flag, variants: { ...variants } })),
    );
  }

  #add(app: string): Map<string, Record<string, number>> {
    const flags = new Map<string, Record<string, number>>();
    this.#apps.set(app, flags);
    return flags;
  }
}
