import { featuresOf, type Feature } from '../../config/features.ts';
import { formatDuration } from '../../config/units.ts';
import type { AppState, FeatureRecord } from '../../release/state.ts';
import type { Deps } from '../deps.ts';
import type { FlagView, UnknownFlag } from './contract.ts';
import type { FlagUsage } from './usage.ts';

/** A flag that gives everybody one value for this long, by people's own settings, has become a constant. */
const singleMs = 14 * 24 * 3_600_000;

interface Seen {
  readonly state: AppState;
  readonly usage: ReadonlyMap<string, FlagUsage>;
  readonly now: number;
}

/** Every flag of these apps, or of all; also those that were removed, as long as they are remembered. */
export async function flagViews(deps: Deps, apps: readonly string[] | null): Promise<FlagView[]> {
  const usage = await deps.usage.all(apps);
  const now = deps.wall();
  return deps.apps
    .states()
    .filter(({ app }) => apps === null || apps.includes(app))
    .flatMap((state) => {
      const own = new Map(usage.filter(({ app }) => app === state.app).map((each) => [each.flag, each]));
      const features = state.config === null ? {} : featuresOf(state.config);
      return Object.entries(state.features).map(([flag, record]) => {
        const feature = Object.hasOwn(features, flag) ? (features[flag] ?? null) : null;
        return view({ flag, record, feature }, { state, usage: own, now });
      });
    });
}

/** Names that code asks for, and that are no flags of its app. */
export async function unknownFlags(deps: Deps, apps: readonly string[] | null): Promise<UnknownFlag[]> {
  const usage = await deps.usage.all(apps);
  return usage.flatMap(({ app, flag, variants, first }) => {
    const none = variants['?'];
    const { config } = deps.apps.state(app);
    if (none === undefined || config === null || Object.hasOwn(featuresOf(config), flag)) return [];
    return [{ app, flag, count: none.count, first, last: none.last }];
  });
}

interface Named {
  readonly flag: string;
  readonly record: FeatureRecord;
  readonly feature: Feature | null;
}

function view({ flag, record, feature }: Named, seen: Seen): FlagView {
  const usage = seen.usage.get(flag);
  const variants = usage?.variants ?? {};
  const counts = Object.values(variants);
  return {
    app: seen.state.app,
    flag,
    stage: record.stage,
    ...(record.keep === null ? {} : { keep: record.keep }),
    since: record.since,
    version: record.version,
    release: record.release,
    owner: record.owner,
    description: feature?.description ?? null,
    expires: feature?.expires ?? null,
    default: feature?.default ?? null,
    on: feature?.on ?? null,
    for: feature?.for ?? [],
    share: shareOf(record, feature, seen.state),
    evaluations: counts.reduce((sum, { count }) => sum + count, 0),
    variants,
    asked: usage?.named ?? null,
    advice: adviceOf({ flag, record, feature }, usage, seen),
  };
}

function shareOf({ stage, version }: FeatureRecord, feature: Feature | null, { release }: AppState): string {
  if (stage === 'live-for-all' || stage === 'to-remove') return 'everyone';
  if (stage !== 'open' || feature === null) return 'nobody';
  const only = feature.for.length === 0 ? '' : `, of them ${feature.for.join(', ')}`;
  if (version === null) {
    const share = feature.width === null ? '' : `${feature.width / 1000} % of `;
    return share + (feature.for.length === 0 ? 'everyone' : feature.for.join(', '));
  }
  const exposed = release?.exposed ?? [];
  const parts = exposed.map(({ to, width }) => {
    const share = width >= 100_000 ? '' : `${width / 1000} % of `;
    return share + (to.length === 0 ? 'everyone' : to.join(', '));
  });
  return parts.join(' and ') + only;
}

function adviceOf(
  { flag, record, feature }: Named,
  usage: FlagUsage | undefined,
  { now }: Seen,
): readonly string[] {
  const age = formatDuration(Math.max(0, now - record.since));
  const advice: string[] = [];
  if (record.stage === 'to-remove')
    advice.push(`its release ended ${age} ago: take it out of the code: teal flags remove ${flag}`);
  if (record.stage === 'rolled-back')
    advice.push('its release was taken back: release it anew, or take it out');
  if (feature !== null && feature.expires !== null && feature.expires <= now)
    advice.push(`it expired on ${new Date(feature.expires).toISOString().slice(0, 10)}`);
  if (record.version === null && isSingle(record, usage, now))
    advice.push('everybody has had one value for two weeks: it is a constant');
  const given = Object.keys(usage?.variants ?? {}).filter((variant) => variant !== '?');
  if (record.stage === 'to-remove' && given.length > 0 && usage !== undefined && isQuiet(usage, now))
    advice.push('nobody has asked for it for a day: its line in teal.yaml can go');
  return advice;
}

const lastOf = ({ variants }: FlagUsage): number =>
  Math.max(0, ...Object.values(variants).map(({ last }) => last));

const isQuiet = (usage: FlagUsage, now: number): boolean => now - lastOf(usage) > 24 * 3_600_000;

function isSingle({ since }: FeatureRecord, usage: FlagUsage | undefined, now: number): boolean {
  if (usage === undefined || now - since < singleMs || now - usage.first < singleMs) return false;
  const lately = Object.entries(usage.variants).filter(
    ([variant, { last }]) => variant !== '?' && now - last < singleMs,
  );
  return lately.length === 1;
}
