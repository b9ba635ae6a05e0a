import { didYouMean } from './did-you-mean.ts';
import { leaf, wrong, type Leaf, type Read } from './leaf.ts';
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  suggestDuration,
  suggestSize,
} from './units.ts';

/** Milliseconds. */
export function duration(leastMs = 1): Leaf<number> {
  return leaf({
    expected: 'a duration such as 500ms, 10s, 5m, 1h',
    json: { type: 'string', pattern: String.raw`^\d+(\.\d+)?(ms|s|m|h|d)$` },
    read(input): Read<number> {
      const ms = typeof input === 'string' ? parseDuration(input) : null;
      if (ms !== null && ms >= leastMs) return { value: ms };
      const least = formatDuration(leastMs);
      if (ms !== null)
        return wrong(`write ${least} or more`, { expected: `a duration of at least ${least}` });
      const meant = suggestDuration(input);
      return wrong(
        meant === null ? 'write a number and one of ms, s, m, h, d; at most 24d' : `write ${meant}`,
      );
    },
  });
}

/** Bytes. */
export function size(least: number, most: number = Infinity): Leaf<number> {
  return leaf({
    expected: 'a size such as 32KB, 512MB, 2GB',
    json: { type: 'string', pattern: String.raw`^\d+(\.\d+)?(B|KB|MB|GB|KiB|MiB|GiB)$` },
    read(input): Read<number> {
      const bytes = typeof input === 'string' ? parseSize(input) : null;
      if (bytes !== null && bytes >= least && bytes <= most) return { value: bytes };
      if (bytes !== null) {
        const [limit, bound, way] = bytes < least ? [least, 'at least', 'more'] : [most, 'at most', 'less'];
        return wrong(`write ${formatSize(limit)} or ${way}`, {
          expected: `a size of ${bound} ${formatSize(limit)}`,
        });
      }
      const meant = suggestSize(input);
      // 512 for a memory limit is hardly 512 bytes: better no suggestion than one that is refused next.
      return wrong(
        meant === null || (parseSize(meant) ?? 0) < least
          ? 'write a number and one of B, KB, MB, GB'
          : `write ${meant}`,
      );
    },
  });
}

export function integer(least: number, most: number): Leaf<number> {
  return leaf({
    expected: `a whole number from ${least} to ${most}`,
    json: { type: 'integer', minimum: least, maximum: most },
    read(input): Read<number> {
      if (typeof input === 'number' && Number.isInteger(input) && input >= least && input <= most) {
        return { value: input };
      }
      if (typeof input === 'string' && /^\d{1,9}$/.test(input)) return wrong(`write ${input} without quotes`);
      if (typeof input !== 'number' || Number.isNaN(input)) return wrong(`write a number, such as ${least}`);
      return wrong(`write ${Math.min(most, Math.max(least, Math.round(input)))}`);
    },
  });
}

/** CPU cores, in steps of a hundredth. */
export const cores: Leaf<number> = leaf({
  expected: 'a number of cores from 0.01 to 1024, such as 0.5 or 2',
  json: { type: 'number', minimum: 0.01, maximum: 1024 },
  read(input): Read<number> {
    if (typeof input === 'number' && input >= 0.01 && input <= 1024) return { value: input };
    const milli = typeof input === 'string' ? /^(\d{1,6})m$/.exec(input) : null;
    return wrong(milli === null ? 'write a number, such as 0.5' : `write ${Number(milli[1]) / 1000}`);
  },
});

export function choice<const T extends string>(options: readonly T[]): Leaf<T> {
  return leaf({
    expected: options.length === 1 ? options.join('') : `one of ${options.join(', ')}`,
    json: { type: 'string', enum: options },
    read(input): Read<T> {
      const found = options.find((option) => option === input);
      if (found !== undefined) return { value: found };
      const meant = typeof input === 'string' ? didYouMean(input, options) : null;
      return wrong(
        meant === null ? `write ${options.slice(0, 3).join(' or ')}` : `Did you mean \`${meant}\`?`,
      );
    },
  });
}

export const trueOrFalse: Leaf<boolean> = leaf({
  expected: 'true or false',
  json: { type: 'boolean' },
  read(input): Read<boolean> {
    if (typeof input === 'boolean') return { value: input };
    return wrong(/^(yes|on)$/i.test(String(input)) ? 'write true' : 'write true or false');
  },
});

/** Text with something in it. NUL cannot be handed to a process. */
export function text(expected: string, example: string): Leaf<string> {
  return leaf({
    expected,
    json: { type: 'string', minLength: 1 },
    read(input): Read<string> {
      if (typeof input === 'string' && input.trim() !== '' && !input.includes('\0')) return { value: input };
      return wrong(
        typeof input === 'number' || typeof input === 'boolean' ? `write "${input}"` : `write ${example}`,
      );
    },
  });
}

/** A file, by its path; a person who pastes what belongs into it is told so, and it is not shown. */
export function filePath(example: string): Leaf<string> {
  const plain = text('a file', example);
  return leaf({
    expected: `a file, such as ${example}`,
    json: { type: 'string', minLength: 1 },
    read(input): Read<string> {
      if (typeof input === 'string' && (input.includes('-----BEGIN') || input.includes('\n')))
        return wrong(`put it into a file, and write its path, such as ${example}`, { input: 'text' });
      const dataset = plain['~run']({ value: input }, {});
      return dataset.typed ? { value: dataset.value } : wrong(`write ${example}`);
    },
  });
}

/** Whole days, in seconds. For what browsers count, which is longer than any timer of ours runs. */
export const days: Leaf<number> = leaf({
  expected: 'a number of days such as 365d',
  json: { type: 'string', pattern: String.raw`^\d+d$` },
  read(input): Read<number> {
    const match = typeof input === 'string' ? /^(\d{1,5})d$/.exec(input) : null;
    return match === null ? wrong('write 365d') : { value: Number(match[1]) * 86_400 };
  },
});

export const yesNo: Leaf<boolean> = leaf({
  expected: 'true or false',
  json: { type: 'boolean' },
  read(input): Read<boolean> {
    if (typeof input === 'boolean') return { value: input };
    if (input === 'yes' || input === 'on') return wrong('write true');
    if (input === 'no' || input === 'off' || input === 'none') return wrong('write false');
    return wrong('write true or false');
  },
});

/** Names a person types in commands. */
export function name(of: string): Leaf<string> {
  return leaf({
    expected: `${of} of a–z, 0–9 and -, starting with a letter, at most 40 long`,
    json: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' },
    read(input): Read<string> {
      if (typeof input === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(input)) return { value: input };
      const plain = `${input as string}`.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
      const meant = plain.replace(/^[^a-z]+/, '').slice(0, 40);
      return wrong(meant === '' ? 'write another name, such as shop' : `write ${meant}`);
    },
  });
}

/** The kind, or `none` for null. */
export function orNone<T>(kind: Leaf<T>, described: string, json: Record<string, unknown>): Leaf<T | null> {
  return leaf<T | null>({
    expected: `${described}, or none`,
    json: { anyOf: [{ const: 'none' }, json] },
    read(input): Read<T | null> {
      if (input === 'none') return { value: null };
      const dataset = kind['~run']({ value: input }, {});
      if (dataset.typed) return { value: dataset.value };
      return wrong(dataset.issues?.[0]?.message ?? 'write none');
    },
  });
}

/** Three decimals: cohorts are drawn from 100 000 buckets. 100 is not a share: that is what promotion is. */
export const percent: Leaf<number> = leaf({
  expected: 'a number above 0 and below 100 with at most three decimals',
  json: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 100, multipleOf: 0.001 },
  read(input): Read<number> {
    const number = typeof input === 'string' ? Number(input.replace(/\s*%$/, '')) : input;
    if (typeof number !== 'number' || !Number.isFinite(number)) return wrong('write 5');
    if (number >= 100) return wrong('leave it out: everyone comes with promotion, the last step');
    const exact = Math.round(number * 1000) / 1000;
    if (typeof input === 'number' && exact === number && exact > 0) return { value: number };
    return wrong(exact > 0 ? `write ${exact}` : 'write 0.001 or more');
  },
});

/** `all`, or a number of instances. */
export const previewInstances: Leaf<number | 'all'> = leaf({
  expected: 'all, or a whole number from 1 to 1000',
  json: { anyOf: [{ const: 'all' }, { type: 'integer', minimum: 1, maximum: 1000 }] },
  read(input): Read<number | 'all'> {
    if (input === 'all') return { value: input };
    const valid = typeof input === 'number' && Number.isInteger(input) && input >= 1 && input <= 1000;
    return valid ? { value: input } : wrong('write all or 1');
  },
});

type Promote = { readonly kind: 'auto'; readonly afterMs: number } | { readonly kind: 'manual' };

/** When the candidate goes live. */
export const promote: Leaf<Promote> = leaf({
  expected: 'auto, manual, or after and a duration, such as after 10m',
  json: { type: 'string', pattern: String.raw`^(auto|manual|after \d+(\.\d+)?(ms|s|m|h|d))$` },
  read(input): Read<Promote> {
    if (input === 'auto') return { value: { kind: 'auto', afterMs: 0 } };
    if (input === 'manual') return { value: { kind: 'manual' } };
    if (typeof input !== 'string') return wrong('write auto or manual');
    const wait = input.replace(/^after\s+/, '');
    const afterMs = parseDuration(wait);
    if (afterMs !== null && wait !== input) return { value: { kind: 'auto', afterMs } };
    const meant = suggestDuration(wait);
    if (meant !== null) return wrong(`write after ${meant}`);
    const word = didYouMean(input, ['auto', 'manual']);
    return wrong(word === null ? 'write auto or manual' : `Did you mean \`${word}\`?`);
  },
});
