import path from 'node:path';
import type { EnvironmentValue } from './environment-value.ts';
import type { ProofPolicy } from './database.ts';
import { didYouMean } from './did-you-mean.ts';
import { readStore } from './kinds-store.ts';
import { isMap, leaf, wrong, type Leaf, type Read } from './leaf.ts';

const address = 'env:NAME, file:/path, or postgres://user@host/database without a password';

const addressPattern = String.raw`(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|postgres(ql)?://.+)`;

/** Where the address of a database is read; written down only where it holds no password. */
export const databaseUrl: Leaf<EnvironmentValue> = leaf({
  expected: address,
  json: { type: 'string', pattern: `^${addressPattern}$` },
  read: readAddress,
});

function readAddress(input: unknown): Read<EnvironmentValue> {
  const named = isMap(input) ? input['secret'] : null;
  if (typeof named === 'string')
    return wrong(`write it without the map: ${/^(env|file):/.test(named) ? named : 'env:NAME'}`, {
      input: 'a map',
    });
  if (input === 'sqlite') return noPostgres;
  const read = readStore(input);
  if (!('value' in read))
    return /password/.test(read.remedy)
      ? read
      : wrong('name where the address is: env:DATABASE_URL', { input: 'input' in read ? read.input : input });
  const { value } = read;
  if (value.kind === 'postgres') return { value: { kind: 'plain', value: value.url } };
  return value.kind === 'secret' ? { value } : noPostgres;
}

const noPostgres = wrong('leave it out, and do the work with run: all but PostgreSQL is done by commands', {
  input: 'sqlite',
});

const places = ['auto', 'createdb', 'pglite', 'in-place'] as const;

/** Where statements are tried. */
export const shadow: Leaf<ProofPolicy['shadow']> = leaf<ProofPolicy['shadow']>({
  expected: `one of ${places.join(', ')}, or ${address}`,
  json: { anyOf: [{ enum: places }, { type: 'string', pattern: `^${addressPattern}$` }] },
  read(input): Read<ProofPolicy['shadow']> {
    const place = places.find((each) => each === input);
    if (place !== undefined) return { value: place };
    const word = typeof input === 'string' && /^[\w-]+$/.test(input) ? input : null;
    if (word === null) return readAddress(input);
    const meant = didYouMean(word, places);
    return wrong(meant === null ? 'write auto or createdb or pglite' : `Did you mean \`${meant}\`?`);
  },
});

/** A path in the folder of a version. */
export function pathInVersion(of: string, example: string): Leaf<string> {
  return leaf({
    expected: `${of} in each version, such as ${example}`,
    json: { type: 'string', minLength: 1 },
    read(input): Read<string> {
      if (typeof input !== 'string' || input.trim() === '' || input.includes('\0'))
        return wrong(`write ${example}`);
      if (/^\{version\}|\$?\{/.test(input))
        return wrong(`write it without placeholders, such as ${example}: it is looked for in each version`);
      const inside = path.posix.normalize(input.replaceAll('\\', '/'));
      if (/^(?:\/|~|[A-Za-z]:)/.test(input))
        return wrong(`write it relative to the folder of the version, such as ${example}`);
      if (inside === '..' || inside.startsWith('../'))
        return wrong('put it into the version: what lies beside it is not the same for each of them');
      return { value: inside.replace(/(?<=.)\/$/, '') };
    },
  });
}

/** Per cent, as a number. */
export function perCent({ least, most }: { readonly least: number; readonly most: number }): Leaf<number> {
  return leaf({
    expected: `per cent, as a number from ${least} to ${most}`,
    json: { type: 'number', minimum: least, maximum: most },
    read(input): Read<number> {
      const number = typeof input === 'string' ? Number(input.replace(/\s*%$/, '')) : input;
      if (typeof number !== 'number' || !Number.isFinite(number)) return wrong(`write ${most}`);
      const fits = number >= least && number <= most;
      if (fits && typeof input === 'number') return { value: number };
      if (fits) return wrong(`write ${number}`);
      const part = number * 100;
      if (number > 0 && number <= 1 && part >= least && part <= most)
        return wrong(`write ${Number(part.toPrecision(6))}: it is per cent`);
      return wrong(`write ${number < least ? least : most}`);
    },
  });
}

/** A role of PostgreSQL: longer names are cut off by the server, so that two may become one. */
export const databaseRole: Leaf<string> = leaf({
  expected: 'the name of a role, at most 63 bytes',
  json: { type: 'string', minLength: 1, maxLength: 63 },
  read(input): Read<string> {
    if (typeof input !== 'string' || input.trim() === '' || input.includes('\0'))
      return wrong('write a name such as app_blue');
    return Buffer.byteLength(input) <= 63 ? { value: input } : wrong('give the role a shorter name');
  },
});
