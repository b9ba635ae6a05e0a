import { createRequire } from 'node:module';
import type * as Flagd from '@openfeature/flagd-core';
import type { Json } from '../config/features.ts';
import type { FlagSet } from './flag-set.ts';

/** What somebody gets of a flag. */
export type Evaluated =
  | {
      readonly key: string;
      readonly ok: true;
      readonly value: Json;
      readonly variant: string;
      /** As flagd says: STATIC, TARGETING_MATCH, DEFAULT. */
      readonly reason: string;
      readonly metadata: Readonly<Record<string, string | number | boolean>>;
    }
  | {
      readonly key: string;
      readonly ok: false;
      readonly code:
        | 'FLAG_NOT_FOUND'
        | 'PARSE_ERROR'
        | 'TARGETING_KEY_MISSING'
        | 'INVALID_CONTEXT'
        | 'GENERAL';
      readonly says: string;
    };

/** What a client says of whom it asks for: plain JSON. */
export type GivenContext = Readonly<Record<string, unknown>>;

const silent = { error: nothing, warn: nothing, info: nothing, debug: nothing };
function nothing(): void {}

type Compiled = NonNullable<ReturnType<Flagd.FlagdCore['getFlag']>>;

/** Loaded with the first set that has a flag, before anybody asks: it takes as long as all the rest of a worker, and most apps have none. */
let flagd: typeof Flagd | null = null;
const load = createRequire(import.meta.url);
const loaded = (): typeof Flagd => (flagd ??= load('@openfeature/flagd-core') as typeof Flagd);

/**
 * The flags of an app. Evaluation takes no I/O, no clock, and makes no code. A flag is made ready when it is first asked for: of ten thousand
 * most are not, and a new table is not to wait for them.
 */
export class Flags {
  /** The set's version: another one for other definitions. */
  readonly revision: string;
  readonly keys: readonly string[];
  readonly #set: FlagSet;
  readonly #ready = new Map<string, Compiled>();

  constructor(set: FlagSet) {
    this.#set = set;
    this.revision = set.metadata.version;
    this.keys = Object.keys(set.flags);
    if (this.keys.length > 0) loaded();
  }

  /** @param context with `teal` filled in by us: what a client says there is not looked at */
  evaluate(key: string, context: GivenContext): Evaluated {
    const flag = this.#ready.get(key) ?? this.#compile(key);
    if (flag === null) return { key, ok: false, code: 'FLAG_NOT_FOUND', says: `there is no flag ${key}` };
    const found = flag.evaluate(context as never, silent);
    if (found.reason === 'ERROR') {
      const { errorCode, errorMessage } = found;
      return { key, ok: false, code: codeOf(errorCode), says: errorMessage ?? 'it cannot be evaluated' };
    }
    const { variant = '', reason, flagMetadata } = found;
    return { key, ok: true, value: found.value as Json, variant, reason, metadata: flagMetadata };
  }

  #compile(key: string): Compiled | null {
    const { flags, metadata } = this.#set;
    if (!Object.hasOwn(flags, key)) return null;
    const { FlagdCore } = loaded();
    const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration: true });
    core.setConfigurations(JSON.stringify({ flags: { [key]: flags[key] }, metadata }));
    const flag = core.getFlag(key) ?? null;
    if (flag !== null) this.#ready.set(key, flag);
    return flag;
  }
}

function codeOf(code: string | undefined): Exclude<Evaluated, { readonly ok: true }>['code'] {
  return code === 'PARSE_ERROR' || code === 'TARGETING_KEY_MISSING' || code === 'INVALID_CONTEXT'
    ? code
    : 'GENERAL';
}
