import type { EnvironmentValue } from './environment-value.ts';

export type Secret = EnvironmentValue & { readonly kind: 'secret' };

/**
 * Every secret that is named anywhere in this, each once. Found by what they look like, not by the keys that may name one: no list of
 * those can fall behind.
 * @param within what was made of teal.yaml, or holds such things; without circles
 */
export function secretsIn(within: unknown): readonly Secret[] {
  const found = new Map<string, Secret>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isSecret(value)) found.set(writtenAs(value), value);
    else for (const each of Object.values(value)) look(each);
  };
  look(within);
  return [...found.values()];
}

/** As it stands in teal.yaml: `env:NAME`, `file:/path`. */
export const writtenAs = ({ source, name }: Secret): string => `${source}:${name}`;

function isSecret(value: object): value is Secret {
  const { kind, source, name } = value as Readonly<Record<string, unknown>>;
  return kind === 'secret' && (source === 'env' || source === 'file') && typeof name === 'string';
}
