/**
 * Where each feature flag is in its life. A flag that goes with a version is where that version is: what decides about people decides about
 * the flag, in the same event, so that the two cannot differ.
 *
 *   draft → open → live-for-all → to-remove → removed
 *     └───────┴──────────┴→ rolled-back
 *
 * `draft`: nobody has it · `open`: whom the release's steps have sent to the candidate (or `for` and `percent` say) · `live-for-all`: everybody
 * · `to-remove`: everybody, and its release has ended, so that nothing will ever change it · `rolled-back`: nobody any more · `removed`: it
 * is not in teal.yaml any more.
 */
import { featuresOf, type Feature, type Json } from '../config/features.ts';
import type { AppState, FeatureRecord, ReleaseStatus } from './state.ts';

/** Removed flags that are remembered, so that `teal flags check` finds what code still asks for. */
const removedKept = 200;

/** The state after an event, with what it means for the features. @param before the state before the event */
export function settled(before: AppState, after: AppState, at: number): AppState {
  const wanted = after.config === null ? {} : featuresOf(after.config);
  const names = Object.keys(wanted);
  if (names.length === 0 && Object.keys(after.features).length === 0) return after;
  if (before.config === after.config && before.release === after.release && before.lives === after.lives)
    return after;
  if (after.config === null) return { ...after, features: {} };
  const live = Object.fromEntries(
    names.map((name) => {
      const known = own(after.features, name);
      return [name, recordOf(wanted[name] as Feature, known, { before, after, at })];
    }),
  );
  const gone = Object.entries(after.features)
    .filter(([name]) => !Object.hasOwn(wanted, name))
    .map(([name, record]): [string, FeatureRecord] => [
      name,
      record.stage === 'removed' ? record : { ...record, stage: 'removed', since: at },
    ])
    .toSorted(([, a], [, b]) => b.since - a.since)
    .slice(0, removedKept);
  const features = { ...live, ...Object.fromEntries(gone) };
  return same(features, after.features) ? after : { ...after, features };
}

const own = (features: AppState['features'], name: string): FeatureRecord | null =>
  Object.hasOwn(features, name) ? (features[name] ?? null) : null;

interface Step {
  readonly before: AppState;
  readonly after: AppState;
  readonly at: number;
}

function recordOf(feature: Feature, known: FeatureRecord | null, step: Step): FeatureRecord {
  const { with: version } = feature;
  const before = known !== null && known.version === version && known.stage !== 'removed' ? known : null;
  const stage = version === null ? ofItself(feature) : bound(version, before, step);
  const { release } = step.after;
  const own = release !== null && release.build.version === version;
  return {
    version,
    stage,
    since: before !== null && before.stage === stage ? before.since : step.at,
    release: own ? release.id : (before?.release ?? null),
    keep: keepOf(feature, stage),
    owner: feature.owner,
  };
}

/** The value that stays, where that is known. */
function keepOf(feature: Feature, stage: FeatureRecord['stage']): Json | null {
  if (stage === 'live-for-all' || stage === 'to-remove') return feature.on ?? feature.default;
  return stage === 'rolled-back' ? feature.default : null;
}

/** What teal.yaml alone says. */
function ofItself({ on, for: audiences, width }: Feature): FeatureRecord['stage'] {
  if (on === null || (audiences.length === 0 && width === null)) return 'draft';
  return audiences.length === 0 && width === 100_000 ? 'live-for-all' : 'open';
}

function bound(version: string, known: FeatureRecord | null, step: Step): FeatureRecord['stage'] {
  const { release } = step.after;
  const own = release?.build.version === version ? release : null;
  if (isLive(version, known, step)) {
    const going = own !== null && own.kind === 'deploy' && afterSwitch.has(own.status);
    return going && known?.stage !== 'to-remove' ? 'live-for-all' : 'to-remove';
  }
  if (own === null) {
    return known !== null && wasOn.has(known.stage) ? 'rolled-back' : (known?.stage ?? 'draft');
  }
  if (beforeSwitch.has(own.status)) return own.exposed.length > 0 ? 'open' : 'draft';
  return 'rolled-back';
}

const beforeSwitch: ReadonlySet<ReleaseStatus> = new Set([
  'clearing',
  'migrating',
  'starting',
  'stepping',
  'scaling',
]);
const afterSwitch: ReadonlySet<ReleaseStatus> = new Set(['switching', 'promoted', 'retiring']);
const wasOn: ReadonlySet<FeatureRecord['stage']> = new Set(['live-for-all', 'to-remove']);

/** Whether what is live is the version, or came after it. The list of what was live is bounded: who fell off its end has not been taken back. */
function isLive(version: string, known: FeatureRecord | null, { before, after }: Step): boolean {
  if (after.lives.some((life) => life.version === version)) return true;
  if (known === null || !wasOn.has(known.stage)) return false;
  const had = before.lives.some((life) => life.version === version);
  return !had || isOverflow(before.lives, after.lives);
}

const isOverflow = (before: AppState['lives'], after: AppState['lives']): boolean =>
  before.length === after.length && before[1]?.version === after[0]?.version;

const same = (one: AppState['features'], two: AppState['features']): boolean =>
  JSON.stringify(one) === JSON.stringify(two);
