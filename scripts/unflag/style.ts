import type { Random } from '../fuzz/random.ts';

/** In which form a program asks for the flag, and how its text looks. */
export interface Style {
  /** Whose calls give the value: promises (server), at once (web), hooks (react). */
  readonly sdk: 'server' | 'web' | 'react';
  readonly value: true | false | 'blue' | 'green' | 3;
  readonly semicolons: boolean;
  readonly crlf: boolean;
  readonly tabs: boolean;
  /** How the flag's name is written. */
  readonly key: 'literal' | 'constant' | 'member' | 'enum';
  /** How deep statements and expressions are nested. */
  readonly size: 1 | 2 | 3;
  /** Has one thing in it that Teal should not dare to change. */
  readonly risky: boolean;
}

export const flag = 'new-checkout';

export function styleOf(random: Random): Style {
  return {
    sdk: random.pick(['server', 'server', 'server', 'web', 'web', 'react']),
    value: random.pick([true, true, true, false, false, 'blue', 'green', 3]),
    semicolons: !random.chance(30),
    crlf: random.chance(10),
    tabs: random.chance(10),
    key: random.pick(['literal', 'literal', 'literal', 'constant', 'member', 'enum']),
    size: random.pick([1, 1, 1, 1, 2, 2, 2, 3]),
    risky: random.chance(12),
  };
}

/** The type of the calls for a value. */
export function typeOf(value: Style['value']): 'Boolean' | 'String' | 'Number' {
  if (typeof value === 'boolean') return 'Boolean';
  return typeof value === 'string' ? 'String' : 'Number';
}

/** What the code gives for the case that there is no flag. */
export function defaultOf(value: Style['value']): string {
  if (typeof value === 'boolean') return 'false';
  return typeof value === 'string' ? "'red'" : '1';
}
