import type { Evaluated } from '../../../features/evaluate.ts';
import type { FlagCount } from '../../router.ts';

/** Names that anybody can make up are remembered up to here, for each app. */
const mostUnknown = 200;

interface Sum {
  readonly variants: Record<string, number>;
  named: number;
}

/** What a worker has counted since it started. */
export class FlagTally {
  readonly #apps = new Map<string, Map<string, Sum>>();
  readonly #unknown = new Map<string, number>();

  /** @param named it was asked for by its name */
  count(app: string, evaluated: Evaluated, named: boolean): void {
    const { key } = evaluated;
    const flags = this.#apps.get(app) ?? this.#add(app);
    const none = !evaluated.ok && evaluated.code === 'FLAG_NOT_FOUND';
    let sum = flags.get(key);
    if (sum === undefined) {
      const unknown = this.#unknown.get(app) ?? 0;
      if (none && unknown >= mostUnknown) return;
      if (none) this.#unknown.set(app, unknown + 1);
      sum = { variants: {}, named: 0 };
      flags.set(key, sum);
    }
    const variant = evaluated.ok ? evaluated.variant : none ? '?' : '!';
    sum.variants[variant] = (sum.variants[variant] ?? 0) + 1;
    if (named) sum.named++;
  }

  /** All of it. */
  get counts(): readonly FlagCount[] {
    return [...this.#apps].flatMap(([app, flags]) =>
      [...flags].map(([flag, { variants, named }]) => ({ app, flag, variants: { ...variants }, named })),
    );
  }

  #add(app: string): Map<string, Sum> {
    const flags = new Map<string, Sum>();
    this.#apps.set(app, flags);
    return flags;
  }
}

/** What all workers have counted together, of whom some may have ended. */
export function sumFlags(parts: readonly FlagCount[]): readonly FlagCount[] {
  const sums = new Map<string, Sum & Pick<FlagCount, 'app' | 'flag'>>();
  for (const { app, flag, variants, named } of parts) {
    const key = JSON.stringify([app, flag]);
    const sum = sums.get(key) ?? { app, flag, variants: {}, named: 0 };
    for (const [variant, count] of Object.entries(variants))
      sum.variants[variant] = (sum.variants[variant] ?? 0) + count;
    sum.named += named;
    sums.set(key, sum);
  }
  return [...sums.values()];
}
