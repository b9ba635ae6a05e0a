import type { Feature } from './features.ts';
import type { FeatureInput } from './schema-features.ts';

/** @param app whose features they are: `shop@v42` names a version of it as `v42` does */
export function buildFeatures(
  input: Readonly<Record<string, FeatureInput>>,
  app: string,
): Readonly<Record<string, Feature>> {
  return Object.fromEntries(Object.entries(input).map(([name, one]) => [name, buildFeature(one, app)]));
}

function buildFeature(input: FeatureInput, app: string): Feature {
  return {
    default: input.default,
    on: input.on ?? null,
    for: input.for,
    width: input.percent ?? null,
    with: input.with === undefined ? null : versionOf(input.with, app),
    description: input.description ?? null,
    owner: input.owner ?? null,
    expires: input.expires ?? null,
  };
}

/** Versions may hold an @ themselves: only the app's own name in front of one is taken off. */
const versionOf = (written: string, app: string): string =>
  written.startsWith(`${app}@`) ? written.slice(app.length + 1) : written;
