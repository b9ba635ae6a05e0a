/**
 * The flags of an app in the format of flagd (flagd.dev/reference/flag-definitions), as a pure function of its features and of its state. The
 * same definitions are evaluated by every router and by the control plane, and are what `teal flags export` gives: nobody else decides.
 *
 * Rules ask for `teal.*` in the context, which whoever evaluates fills in. Where the side is known (`teal.cohort`), it decides: that is the
 * router's own answer. Where only the bucket is carried, the rule asks for the windows that the release exposes. Nothing hashes again.
 */
import { createHash } from 'node:crypto';
import { buckets } from '../audience/bucket.ts';
import type { Exposure } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import { featuresOf, type Feature, type Json } from '../config/features.ts';
import type { AppState, FeatureRecord } from '../release/state.ts';

type Rule = Json;

/** One flag as flagd reads it. */
interface FlagDefinition {
  readonly state: 'ENABLED';
  readonly variants: { readonly off: Json; readonly on?: Json };
  readonly defaultVariant: 'on' | 'off';
  readonly targeting?: Rule;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A document as flagd reads it. */
export interface FlagSet {
  readonly flags: Readonly<Record<string, FlagDefinition>>;
  readonly metadata: { readonly flagSetId: string; readonly version: string };
}

/** The flags of an app in force: part of a routing table. */
export interface FlagTable {
  readonly set: FlagSet;
  /**
   * Another one: pages that are open ask again. It does not change while a release opens to more people, who would see a page change while
   * they use it; when it is taken back it does, and when it goes live.
   */
  readonly epoch: string;
  /** Audiences that its rules ask for. */
  readonly audiences: readonly string[];
  /** One of them, of no version, is for a percentage of people, who have to be told apart for it. */
  readonly shares: boolean;
}

/** Null: it has none. */
export function flagTable(state: AppState, config: App): FlagTable | null {
  const features = Object.entries(featuresOf(config));
  if (features.length === 0) return null;
  const steps = features.map(([name, feature]) => {
    const record = Object.hasOwn(state.features, name) ? (state.features[name] ?? null) : null;
    return { name, feature, record, stage: record?.stage ?? 'draft' };
  });
  const flags = Object.fromEntries(
    steps.map(({ name, feature, record }) => [name, definition(feature, record, state)]),
  );
  const audiences = new Set(features.flatMap(([, feature]) => feature.for));
  for (const { to } of exposedBy(state)) for (const name of to) audiences.add(name);
  return {
    set: { flags, metadata: { flagSetId: state.app, version: digest(flags) } },
    epoch: digest(steps.map(({ name, feature, stage }) => [name, feature, stage])),
    audiences: [...audiences].toSorted(),
    shares: features.some(
      ([, { with: version, width }]) => version === null && width !== null && width < buckets,
    ),
  };
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);

const exposedBy = ({ release }: AppState): readonly Exposure[] => release?.exposed ?? [];

function definition(feature: Feature, record: FeatureRecord | null, state: AppState): FlagDefinition {
  const { on } = feature;
  const stage = record?.stage ?? 'draft';
  const metadata = metadataOf(feature, record);
  if (on === null)
    return { state: 'ENABLED', variants: { off: feature.default }, defaultVariant: 'off', metadata };
  const variants = { on, off: feature.default };
  if (stage === 'live-for-all' || stage === 'to-remove')
    return { state: 'ENABLED', variants, defaultVariant: 'on', metadata };
  const rule = feature.with === null ? itself(feature) : bound(feature, feature.with, { stage, state });
  const targeting = rule === null ? {} : { targeting: { if: [rule, 'on'] } };
  return { state: 'ENABLED', variants, defaultVariant: 'off', ...targeting, metadata };
}

function metadataOf(feature: Feature, record: FeatureRecord | null): Readonly<Record<string, string>> {
  const day = (at: number): string => new Date(at).toISOString();
  return {
    stage: record?.stage ?? 'draft',
    ...(feature.with === null ? {} : { with: feature.with }),
    ...(record?.release == null ? {} : { release: record.release }),
    ...(feature.owner === null ? {} : { owner: feature.owner }),
    ...(feature.description === null ? {} : { description: feature.description }),
    ...(feature.expires === null ? {} : { expires: day(feature.expires) }),
  };
}

const of = (name: string): Rule => ({ var: `teal.${name}` });
const is = (name: string, value: string): Rule => ({ '==': [of(name), value] });

function all(rules: readonly (Rule | null)[]): Rule | null {
  const asked = rules.filter((rule) => rule !== null);
  return asked.length > 1 ? { and: asked } : (asked[0] ?? null);
}

/** Null: anybody does. */
function belongs(audiences: readonly string[]): Rule | null {
  if (audiences.length === 0) return null;
  const each = audiences.map((name) => ({ in: [name, of('groups')] }));
  return each.length > 1 ? { or: each } : (each[0] ?? null);
}

/** Null: anybody is. Without a bucket nobody is: null would be less than any number. */
function within(offset: number, width: number): Rule | null {
  if (width >= buckets) return null;
  const from = offset === 0 ? of('bucket') : { '%': [{ '+': [of('bucket'), buckets - offset] }, buckets] };
  return { and: [{ '!=': [of('bucket'), null] }, { '<': [from, width] }] };
}

/** @returns null: it is on for nobody */
function itself({ for: audiences, width }: Feature): Rule | null {
  if (audiences.length === 0 && width === null) return null;
  return all([belongs(audiences), within(0, width ?? buckets)]) ?? true;
}

/** Of a version that is not live: whoever is shown it in a preview has it, and whom the release sends there. */
function bound(
  { for: audiences }: Feature,
  version: string,
  { stage, state }: { readonly stage: FeatureRecord['stage']; readonly state: AppState },
): Rule {
  const preview: Rule = { and: [is('cohort', 'preview'), is('version', version)] };
  const { release } = state;
  if (stage !== 'open' || release === null) return preview;
  const chosen = release.exposed.map(
    ({ to, width }) => all([belongs(to), within(release.cohort.offset, width)]) ?? true,
  );
  const carried: Rule = { and: [{ '==': [of('cohort'), null] }, { or: chosen }] };
  const there: Rule = { or: [is('cohort', 'candidate'), carried] };
  return { or: [preview, all([there, belongs(audiences)]) ?? true] };
}
