import type { App } from '../config/config.ts';
import type { EnvironmentValue } from '../config/environment-value.ts';
import { valueOf } from '../config/secret.ts';
import { secretsIn, writtenAs } from '../config/secrets.ts';
import type { Deps } from './deps.ts';

/** What is not to be shown, and what stands in its place. */
export interface Hidden {
  readonly value: EnvironmentValue;
  readonly shown: string;
}

// Shorter ones would be found in every other word.
const leastHidden = 4;

/** A file with a secret is written anew when that changes; many lines may be printed in a moment, and there may be many files. */
const freshMs = 100;

/**
 * The secrets of an app, by the names that it knows them by; what else is asked for; then all that teal.yaml names for other apps, and for
 * Teal itself: it shall not be told either, whoever has got hold of it.
 */
export function hiddenFor(
  { config, apps }: Pick<Deps, 'config' | 'apps'>,
  spec: App,
  more: readonly Hidden[] = [],
): readonly Hidden[] {
  const own = spec.roles.flatMap(({ environment }) =>
    Object.entries(environment)
      .filter(([, value]) => value.kind === 'secret')
      .map(([name, value]) => ({ value, shown: `[${name}]` })),
  );
  const named = secretsIn([config, spec, apps.states().map((state) => state.config)]);
  return [...own, ...more, ...named.map((value) => ({ value, shown: `[${writtenAs(value)}]` }))];
}

/**
 * Takes these values out of texts, line by line, and of an address also its password alone. What one was before it changed stays hidden: who
 * was started with it may still print it.
 * @param hidden where two have the same value the first names it
 */
export function hide(hidden: readonly Hidden[], own: NodeJS.ProcessEnv): (text: string) => string {
  const shownFor = new Map<string, string>();
  let pattern: RegExp | null = null;
  let readAt = -Infinity;
  const read = (): void => {
    const before = shownFor.size;
    for (const { value, shown } of hidden)
      for (const [part, stands] of partsOf(readable(value, own), shown))
        if (part.length >= leastHidden && !shownFor.has(part)) shownFor.set(part, stands);
    if (shownFor.size > before) pattern = anyOf([...shownFor.keys()]);
  };
  return (text) => {
    if (performance.now() - readAt >= freshMs) {
      read();
      readAt = performance.now();
    }
    return pattern === null ? text : text.replace(pattern, (part) => shownFor.get(part) ?? part);
  };
}

/** In one go, so that nothing is found in what stands for another; the longest first, so that none leaves a rest of one that it is part of. */
function anyOf(parts: readonly string[]): RegExp {
  const longestFirst = parts.toSorted((one, other) => other.length - one.length);
  return new RegExp(
    longestFirst.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|'),
    'g',
  );
}

function partsOf(value: string, shown: string): readonly (readonly [string, string])[] {
  const lines = value.split(/\r?\n/).map((line) => [line, shown] as const);
  const address = URL.canParse(value) ? new URL(value) : null;
  if (address === null) return lines;
  const passwords = [address.password, decoded(address.password), address.searchParams.get('password') ?? ''];
  return [...lines, ...passwords.map((password) => [password, '[password]'] as const)];
}

function readable(value: EnvironmentValue, own: NodeJS.ProcessEnv): string {
  try {
    return valueOf('what is hidden', value, own);
  } catch {
    return '';
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
