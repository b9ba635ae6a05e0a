import { RE2JS } from 're2js';
import { continentOfCountry, continents, type Continent } from './countries.ts';
import { didYouMean } from './did-you-mean.ts';
import { leaf, wrong, type Kind, type Leaf, type Read } from './leaf.ts';

/** At least one, each once; one alone needs no list. */
export function some<T>(
  item: Pick<Kind<T>, 'json' | 'read'>,
  expected: string,
  example: string,
): Leaf<readonly T[]> {
  return leaf({
    expected,
    json: { anyOf: [item.json, { type: 'array', items: item.json, minItems: 1, uniqueItems: true }] },
    read(input): Read<readonly T[]> {
      const list: readonly unknown[] = Array.isArray(input) ? (input as unknown[]) : [input];
      const values: T[] = [];
      for (const [index, given] of list.entries()) {
        const at = Array.isArray(input) ? { at: [index], input: given } : {};
        const read = item.read(given);
        if (!('value' in read)) return { ...read, ...at };
        if (values.includes(read.value)) return wrong('name it once', { ...at, expected: 'each value once' });
        values.push(read.value);
      }
      return values.length === 0
        ? wrong(`write ${example}, or remove it: nobody would belong to it`)
        : { value: values };
    },
  });
}

function line(input: unknown, example: string): Read<string> {
  // A header cannot carry control characters, nor would anybody see them here.
  if (typeof input === 'string' && /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(input) && input.trim() === input) {
    return { value: input };
  }
  if (typeof input === 'number' || typeof input === 'boolean') return wrong(`write "${input}"`);
  return wrong(`write ${example}`);
}

const words = (example: string): Pick<Kind<string>, 'json' | 'read'> => ({
  json: { type: 'string', minLength: 1, maxLength: 256 },
  read: (input) => line(input, example),
});

/** Names of users or groups, values to compare with. */
export const someTexts = (of: string, example: string): Leaf<readonly string[]> =>
  some(words(example), `${of}, or a list of them`, example);

/** One text of at most 256 characters, without control characters. */
export const shortText = (expected: string, example: string): Leaf<string> =>
  leaf({ expected, ...words(example) });

/** Where in a JWT: a claim by its name, or a way to it such as realm_access.roles. */
export const claim: Leaf<string> = shortText(
  'the name of a claim, or a way to it such as realm_access.roles',
  'sub',
);

const token = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;

/** Headers that say nothing of who somebody is, or for which there is a rule of its own. */
const otherwise: Readonly<Record<string, string>> = {
  cookie: 'write cookie: { name: … }',
  authorization: 'write groups, which verifies the token: a secret has no place here',
  'proxy-authorization': 'write another header: this one is for the proxy alone',
  'x-forwarded-for': 'write cidr, which counts only trusted proxies',
  forwarded: 'write cidr, which counts only trusted proxies',
  'x-real-ip': 'write cidr, which counts only trusted proxies',
};

/** Lower case. What Teal itself writes, and what other rules read safely, is refused. */
export const ruleHeader: Leaf<string> = leaf({
  expected: 'the name of a header, such as x-beta',
  json: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$" },
  read(input): Read<string> {
    const name = typeof input === 'string' ? input.toLowerCase() : '';
    if (name.replaceAll('_', '-').startsWith('x-teal-'))
      return wrong('write another name: Teal drops x-teal-* from clients');
    const instead = otherwise[name];
    if (instead !== undefined && Object.hasOwn(otherwise, name)) return wrong(instead);
    return token.test(name) ? { value: name } : wrong('write the name alone, such as x-beta');
  },
});

/** Lower case; a header that carries a token. */
export const tokenHeader: Leaf<string> = leaf({
  expected: 'the name of a header, such as authorization',
  json: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$" },
  read(input): Read<string> {
    const name = typeof input === 'string' ? input.toLowerCase() : '';
    return token.test(name) && name !== 'cookie' ? { value: name } : wrong('write authorization');
  },
});

export const cookieName: Leaf<string> = leaf({
  expected: 'the name of a cookie, such as beta',
  json: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$" },
  read(input): Read<string> {
    const name = typeof input === 'string' ? input : '';
    if (name.toLowerCase().startsWith('teal-'))
      return wrong('write another name: teal-* are cookies of Teal itself');
    return token.test(name.toLowerCase()) ? { value: name } : wrong('write the name alone, such as beta');
  },
});

/** In thousandths of a percent. */
export const percent: Leaf<number> = leaf({
  expected: 'a percentage above 0 and up to 100, with at most three decimals, such as 2.5',
  json: { type: 'number', exclusiveMinimum: 0, maximum: 100, multipleOf: 0.001 },
  read(input): Read<number> {
    const text = typeof input === 'string' ? /^(\d{1,3}(?:\.\d{1,3})?) ?%?$/.exec(input) : null;
    if (text !== null) return wrong(`write ${Number(text[1])}`);
    if (typeof input !== 'number' || !Number.isFinite(input)) return wrong('write a number, such as 2.5');
    const width = Math.round(input * 1000);
    if (width < 0 || width > 100_000 || input <= 0)
      return wrong(input > 100 ? 'write 100' : 'write 1, or remove it: nobody would belong to it');
    // 0.1 + 0.2 is near enough; 0.0005 is a fourth decimal.
    if (Math.abs(input * 1000 - width) > 1e-6) return wrong(`write ${Math.max(1, width) / 1000}`);
    return { value: width };
  },
});

/** Longer than any that a person would want to read. */
const longestPattern = 200;
/** Instructions of the compiled pattern: with the longest value a router compares (256), at most a few milliseconds. */
const largestProgram = 250;

/**
 * RE2 syntax: matched in time linear in the value, whatever the pattern, so no pattern and no value can hold the router up.
 * Envoy has the same syntax; back references and look-around, which need backtracking, do not exist in it.
 */
export const regex: Leaf<string> = leaf({
  expected: `a regular expression in RE2 syntax, at most ${longestPattern} characters`,
  json: { type: 'string', minLength: 1, maxLength: longestPattern },
  read(input): Read<string> {
    if (typeof input !== 'string' || input === '') return wrong('write one, such as ^(de|at)-.*');
    if (input.length > longestPattern) return wrong('make it shorter: exact takes a list');
    if (/\(\?<?[=!]/.test(input)) return wrong('write it without look-around, which RE2 does not have');
    if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(input))
      return wrong('write it without back references, which RE2 does not have');
    try {
      const size = RE2JS.compile(input).programSize();
      return size <= largestProgram
        ? { value: input }
        : wrong('make its repetitions smaller: this one would take long to compare');
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : '';
      return wrong(`correct it: ${why || 'it cannot be read'}`);
    }
  },
});

/** What people write for a country whose code is another. */
const meantCountry: Readonly<Record<string, string>> = { UK: 'GB', EL: 'GR', EN: 'GB' };

function country(input: unknown): Read<string> {
  const code = typeof input === 'string' ? input.toUpperCase() : '';
  if (continentOfCountry(code) !== null) return { value: code };
  const meant = Object.hasOwn(meantCountry, code) ? meantCountry[code] : undefined;
  if (meant !== undefined) return wrong(`write ${meant}`);
  if (code === 'EU') return wrong('write continent: EU, or list the countries');
  return wrong('write two letters of ISO 3166-1, such as DE');
}

export const countries: Leaf<readonly string[]> = some(
  { json: { type: 'string', pattern: '^[A-Za-z]{2}$' }, read: country },
  'a country by its two letters, such as DE, or a list of them',
  'DE',
);

export const regions: Leaf<readonly string[]> = some(
  {
    json: { type: 'string', pattern: '^[A-Za-z]{2}-[A-Za-z0-9]{1,3}$' },
    read(input): Read<string> {
      const code = typeof input === 'string' ? input.toUpperCase() : '';
      const known = /^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(code) && continentOfCountry(code.slice(0, 2)) !== null;
      return known ? { value: code } : wrong('write a code of ISO 3166-2, such as DE-BY');
    },
  },
  'a region by its code, such as DE-BY, or a list of them',
  'DE-BY',
);

export const someContinents: Leaf<readonly Continent[]> = some(
  {
    json: { type: 'string', enum: continents },
    read(input): Read<Continent> {
      const code = typeof input === 'string' ? input.toUpperCase() : '';
      const found = continents.find((continent) => continent === code);
      if (found !== undefined) return { value: found };
      const meant = didYouMean(code, Object.keys(spelled));
      return wrong(`write ${(meant === null ? undefined : spelled[meant]) ?? continents.join(' or ')}`);
    },
  },
  `a continent, one of ${continents.join(', ')}, or a list of them`,
  'EU',
);

const spelled: Readonly<Record<string, Continent>> = {
  AFRICA: 'AF',
  ANTARCTICA: 'AN',
  ASIA: 'AS',
  EUROPE: 'EU',
  'NORTH AMERICA': 'NA',
  OCEANIA: 'OC',
  AUSTRALIA: 'OC',
  'SOUTH AMERICA': 'SA',
};
