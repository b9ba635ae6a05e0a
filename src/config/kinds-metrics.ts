import { pathMistake } from './json-path.ts';
import { didYouMean } from './did-you-mean.ts';
import { leaf, wrong, type Leaf, type Read, type Wrong } from './leaf.ts';
import { filled, isPlaceholder, placeholder, placeholders } from './metrics.ts';

/** Stand-ins that may be written everywhere: names of environments and versions have no signs of their own. */
const examples = { app: 'shop', environment: 'blue', version: 'v1', release: 'shop-1' };

/** Longer ones do not fit into an address; they belong into a recording rule. */
const longestQuery = 4000;

function unknown(text: string): Wrong | null {
  for (const [whole, name = ''] of text.matchAll(placeholder)) {
    if (isPlaceholder(name)) continue;
    const meant = didYouMean(name, placeholders);
    const known = placeholders.map((each) => `{${each}}`).join(', ');
    return wrong(meant === null ? `write one of ${known}` : `Did you mean \`{${meant}}\`?`, {
      expected: 'placeholders that there are',
      input: whole,
    });
  }
  return null;
}

/** PromQL, as it will be sent. */
export const query: Leaf<string> = leaf({
  expected: 'a query in PromQL',
  json: { type: 'string', minLength: 1, maxLength: longestQuery },
  read(input): Read<string> {
    if (typeof input !== 'string' || input.trim() === '')
      return wrong('write a query that gives one number, such as sum(rate(errors_total[1m]))');
    if (input.length > longestQuery) return wrong('write a recording rule for it, and ask for that');
    return unknown(input) ?? { value: input.trim() };
  },
});

function address(input: unknown): URL | Wrong {
  const written = typeof input === 'string' ? filled(input, examples) : '';
  if (!URL.canParse(written)) return wrong('write the whole address, with http:// or https://');
  const url = new URL(written);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return wrong('write http:// or https://');
  // An address is shown in errors; a header is not.
  if (url.username !== '' || url.password !== '')
    return wrong(
      'write it without name and password, and add headers: { authorization: { secret: env:NAME } }',
      {
        input: `${url.protocol}//…@${url.host}`,
      },
    );
  return url.hash === '' ? url : wrong('write it without #');
}

/** Where Prometheus is. */
export const prometheusUrl: Leaf<string> = leaf({
  expected: 'the address of Prometheus, such as http://localhost:9090',
  json: { type: 'string', format: 'uri' },
  read(input): Read<string> {
    const url = address(input);
    if (!(url instanceof URL)) return url;
    if (/[{}]/.test(input as string))
      return wrong('write the address itself: placeholders belong into query');
    const base = url.href.replace(/\/+$/, '');
    const own = /\/api\/v1(?:\/query)?$/;
    if (own.test(base)) return wrong(`write ${base.replace(own, '')}: /api/v1/query is added`);
    return url.search === '' ? { value: base } : wrong('write it without ?');
  },
});

/** Where a document is. */
export const documentUrl: Leaf<string> = leaf({
  expected: 'an address such as https://stats.example.com/{environment}.json',
  json: { type: 'string' },
  read(input): Read<string> {
    const mistake = typeof input === 'string' ? unknown(input) : null;
    if (mistake !== null) return mistake;
    const url = address(input);
    if (!(url instanceof URL)) return url;
    if (placeholders.some((name) => hostOf(input as string).includes(`{${name}}`)))
      return wrong('write the host itself: placeholders may stand in path and query');
    return { value: input as string };
  },
});

const hostOf = (url: string): string => /^[a-z]+:\/\/([^/?]*)/i.exec(url)?.[1] ?? '';

/** JSONPath. */
export const jsonPath: Leaf<string> = leaf({
  expected: 'a JSONPath (RFC 9535) such as $.errors.rate',
  json: { type: 'string', pattern: String.raw`^\$` },
  read(input): Read<string> {
    if (typeof input !== 'string' || input === '') return wrong('write $.errors.rate');
    const mistake = unknown(input);
    if (mistake !== null) return mistake;
    if (!input.startsWith('$')) return wrong(`write $${/^[.[]/.test(input) ? '' : '.'}${input}`);
    const found = pathMistake(filled(input, examples));
    return found === null ? { value: input } : wrong(`look at character ${found.at + 1}: ${found.what}`);
  },
});

/** Any number that JSON can say. */
export const number: Leaf<number> = leaf({
  expected: 'a number',
  json: { type: 'number' },
  read(input): Read<number> {
    if (typeof input === 'number' && Number.isFinite(input)) return { value: input };
    const percent = typeof input === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(input) : null;
    return wrong(percent === null ? 'write a number, such as 0.05' : `write ${Number(percent[1]) / 100}`);
  },
});

/** A number of times. */
export const ratio: Leaf<number> = leaf({
  expected: 'a number above 0, as times what live has',
  json: { type: 'number', exclusiveMinimum: 0 },
  read(input): Read<number> {
    if (typeof input === 'number' && Number.isFinite(input) && input > 0) return { value: input };
    return wrong('write 1.5 for half as much again');
  },
});

/** Not those of the connection, which the client sets itself (RFC 9110 §7.6.1, §10.1). */
const notOurs = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'expect',
]);

/** Name of a header that is sent along. */
export const headerName: Leaf<string> = leaf({
  expected: 'the name of a header',
  json: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
  read(input): Read<string> {
    const name = `${input as string}`;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return wrong('write a name such as authorization');
    return notOurs.has(name.toLowerCase())
      ? wrong('remove it: the connection says it')
      : { value: name.toLowerCase() };
  },
});
