import { buckets, digestOf } from './bucket.ts';
import { compileSource, type CompiledSource } from './identity.ts';
import { Memory } from './memory.ts';
import type { Place } from './request.ts';
import { compileRule, type CompiledRule } from './rules.ts';
import type { AudienceTable, Exposure } from './table.ts';

/** A table made ready: rules as functions, patterns and networks built. */
export interface CompiledTable {
  readonly app: string;
  /** What buckets are computed from: the app, or its group. */
  readonly seed: string;
  readonly live: AudienceTable['live'];
  readonly release: CompiledRelease | null;
  readonly sources: readonly CompiledSource[];
  readonly anonymous: AudienceTable['identity']['anonymous'];
  readonly offset: number;
  readonly cookiePaths: readonly string[];
  readonly cookieDomain: string | null;
  readonly audiences: ReadonlyMap<string, CompiledRule>;
  lookUp(address: string): Place | null;
  /** As `digestOf` for this app; remembered, since the same people ask again and again. */
  digestOf(key: string): string;
}

interface CompiledRelease {
  readonly id: string;
  readonly candidate: AudienceTable['live'];
  /** Everyone is sent to the candidate; nobody has to be told apart. */
  readonly everyone: boolean;
  readonly exposed: readonly CompiledExposure[];
  /** Nobody is sent to the candidate for now. */
  readonly expired: boolean;
}

export interface CompiledExposure {
  /** Null: everyone. */
  readonly audience: string | null;
  readonly rule: CompiledRule | null;
  readonly width: number;
}

/**
 * Makes a table ready. An exposure to an audience that does not exist reaches nobody: its release was planned with another teal.yaml.
 * @param lookUp the place of an address as `plainAddress` spells it; null when it, or the database, is not known
 */
export function compileAudiences(
  table: AudienceTable,
  lookUp: (address: string) => Place | null,
): CompiledTable {
  const audiences = compileNamed(table.audiences);
  const { release, identity } = table;
  return {
    app: table.app,
    seed: table.group ?? table.app,
    live: table.live,
    release:
      release === null
        ? null
        : {
            id: release.id,
            candidate: release.candidate,
            everyone: release.exposed.some((one) => one.to.length === 0 && one.width >= buckets),
            exposed: release.exposed.flatMap((one) => exposures(one, audiences)),
            expired: release.expired === true,
          },
    sources: identity.sources.map((source) => compileSource(source)),
    anonymous: identity.anonymous,
    offset: table.offset,
    // What ends a cookie's attribute cannot stand in a path of it.
    cookiePaths: [...new Set(table.paths.map((path) => (path.includes(';') ? '/' : path)))],
    cookieDomain: identity.cookieDomain,
    audiences,
    lookUp,
    digestOf: rememberedDigests(table.group ?? table.app),
  };
}

/** In each of two generations: a key and 32 bytes each. */
const mostDigests = 10_000;

function rememberedDigests(app: string): (key: string) => string {
  const known = new Memory<string>(mostDigests);
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const digest = digestOf(app, key);
    known.set(key, digest);
    return digest;
  };
}

function compileNamed(rules: AudienceTable['audiences']): ReadonlyMap<string, CompiledRule> {
  const compiled = new Map<string, CompiledRule>();
  const named = (name: string): CompiledRule => {
    const done = compiled.get(name);
    if (done !== undefined) return done;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) return nobody(name);
    // A circle, which teal.yaml is refused for, ends here instead of never.
    compiled.set(name, nobody(name));
    const made = compileRule(rule, named);
    compiled.set(name, made);
    return made;
  };
  for (const name of Object.keys(rules)) named(name);
  return compiled;
}

function nobody(name: string): CompiledRule {
  return { says: `audience ${name}`, test: () => false, why: () => 'there is no such audience', parts: [] };
}

function exposures(
  { to, width }: Exposure,
  audiences: ReadonlyMap<string, CompiledRule>,
): readonly CompiledExposure[] {
  if (width <= 0) return [];
  if (to.length === 0) return [{ audience: null, rule: null, width }];
  return to.map((audience) => ({ audience, rule: audiences.get(audience) ?? nobody(audience), width }));
}
