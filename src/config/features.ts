/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A feature flag as teal.yaml says it. */
export interface Feature {
  /** The value for everybody for whom it is not on. */
  readonly default: Json;
  /** The value where it is on. Null: there is none, everybody has the default. */
  readonly on: Json | null;
  /** Names of audiences, any of which is enough; empty: everyone. */
  readonly for: readonly string[];
  /** How many of them, in buckets; null: all. Of one that goes with no version. */
  readonly width: number | null;
  /** The version of its app that it goes with; null: none. */
  readonly with: string | null;
  readonly description: string | null;
  readonly owner: string | null;
  /** Until when it is meant to be needed, in milliseconds since the epoch. */
  readonly expires: number | null;
}

/** The features of an app; what an older Teal stored has none. */
export const featuresOf = (app: {
  readonly features?: Readonly<Record<string, Feature>>;
}): Readonly<Record<string, Feature>> => app.features ?? {};

/** As a person writes it, on one line. */
export function featureText({ default: byDefault, on, with: version, ...more }: Feature): string {
  const parts = [
    `default: ${JSON.stringify(byDefault)}`,
    ...(on === null ? [] : [`on: ${JSON.stringify(on)}`]),
    ...(version === null ? [] : [`with: ${version}`]),
    ...(more.for.length === 0 ? [] : [`for: [${more.for.join(', ')}]`]),
    ...(more.width === null ? [] : [`percent: ${more.width / 1000}`]),
    ...(more.description === null ? [] : [`description: ${JSON.stringify(more.description)}`]),
    ...(more.owner === null ? [] : [`owner: ${more.owner}`]),
    ...(more.expires === null ? [] : [`expires: ${new Date(more.expires).toISOString().slice(0, 10)}`]),
  ];
  return `{ ${parts.join(', ')} }`;
}
