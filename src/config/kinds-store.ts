import { leaf, wrong, type Leaf, type Read } from './leaf.ts';

/** Where the event log is. A URL is named rather than written when it holds a password. */
export type StoreConfig =
  | { readonly kind: 'sqlite' }
  | { readonly kind: 'postgres'; readonly url: string }
  /** A file's path is as it was written: relative to teal.yaml when it is relative. */
  | { readonly kind: 'secret'; readonly source: 'env' | 'file'; readonly name: string };

const expected = 'sqlite, env:NAME, file:/path, or postgres://user@host/database without a password';

/** How `store` of teal.yaml, `--store` and TEAL_STORE are written. */
export const store: Leaf<StoreConfig> = leaf({
  expected,
  json: {
    type: 'string',
    pattern: String.raw`^(sqlite|env:[A-Za-z_][A-Za-z0-9_]*|file:.+|postgres(ql)?://.+)$`,
  },
  read: (input) => readStore(input),
});

/** @param password whether a URL may hold one: where it is not written down for others to read */
export function readStore(input: unknown, password = false): Read<StoreConfig> {
  if (input === 'sqlite') return { value: { kind: 'sqlite' } };
  const text = typeof input === 'string' ? input : '';
  const [, env, file] = /^(?:env:([A-Za-z_]\w*)|file:([^\0]+))$/.exec(text) ?? [];
  if (env !== undefined) return { value: { kind: 'secret', source: 'env', name: env } };
  if (file !== undefined) return { value: { kind: 'secret', source: 'file', name: file } };
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    return wrong('write sqlite, or name where the URL is: env:TEAL_DATABASE', { input: shown(text, input) });
  }
  if (!password && (url.password !== '' || url.searchParams.has('password'))) {
    return wrong('a password may not be read here: write env:NAME or file:/path, which holds the URL', {
      input: 'a URL with a password',
    });
  }
  return { value: { kind: 'postgres', url: text } };
}

/** What stands there, unless it may hold a password. */
const shown = (text: string, input: unknown): unknown => (/:\/\/|@/.test(text) ? 'a URL' : input);
