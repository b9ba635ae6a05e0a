/** A secret is named, never written: it is read when an instance starts and shown nowhere. */
export type EnvironmentValue =
  | { readonly kind: 'plain'; readonly value: string }
  | { readonly kind: 'secret'; readonly source: 'env' | 'file'; readonly name: string };
