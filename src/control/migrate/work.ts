import type { Effect } from '../../release/effects.ts';
import type { Deps } from '../deps.ts';
import type { Telling } from './progress.ts';

export type MigrateEffect = Effect & { kind: 'migrate' };

/** A phase under way. */
export interface Work {
  readonly deps: Deps;
  readonly app: string;
  readonly effect: MigrateEffect;
  readonly signal: AbortSignal;
  readonly telling: Telling;
  /** Takes the values of secrets out of what is going to be shown. */
  readonly hide: (text: string) => string;
}
