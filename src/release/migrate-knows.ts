import type { AppState, Build, BuildMigration, Migration } from './state.ts';
import { colours } from './state.ts';
import { transitions } from './transitions.ts';

/**
 * Which versions know the database as a migration leaves it. A version says so by the newest migration that lies in it, not by its name or
 * its age: a repaired build of the old version, deployed after expand, knows the old schema only.
 */
export const knows = ({ migration }: Build, { name }: Pick<BuildMigration, 'name'>): boolean =>
  migration?.name === name;

/** Whether a version that only knows the schema of before runs, or is on its way. */
export const oldIsThere = (state: AppState, migration: Migration): boolean =>
  state.removing ||
  isComing(state, (build) => !knows(build, migration)) ||
  runs(state, (build) => !knows(build, migration)) ||
  waitsForItsTurn(state, migration) !== null;

/** Whether a version that needs what expand has made runs, or is on its way. */
export const newIsThere = (state: AppState, migration: Migration): boolean =>
  state.removing ||
  isComing(state, (build) => knows(build, migration)) ||
  runs(state, (build) => knows(build, migration));

const runs = ({ environments }: AppState, which: (build: Build) => boolean): boolean =>
  colours.some((colour) => {
    const environment = environments[colour];
    return environment !== null && which(environment);
  });

const isComing = ({ release }: AppState, which: (build: Build) => boolean): boolean =>
  release !== null && !transitions[release.status].ended && which(release.build);

/** The version that is deployed next, and knows the schema of before only; null: what waits knows it, or brings a migration of its own. */
export function waitsForItsTurn({ queued, contracted }: AppState, migration: Migration): string | null {
  if (queued === null || knows(queued.build, migration)) return null;
  const own = queued.build.migration;
  return own === undefined || contracted.includes(own.name) ? queued.build.version : null;
}

/** Whether everyone is on a version that knows it. */
export const liveKnows = (
  { live, environments }: AppState,
  migration: Pick<BuildMigration, 'name'>,
): boolean => {
  const environment = live === null ? null : environments[live];
  return environment !== null && knows(environment, migration);
};

/** What is live, or was not long ago, and knows nothing of the migration that this build brings. */
export function versionsBefore({ lives }: AppState, { version, migration }: Build): readonly string[] {
  const olds = lives.filter(
    (build) => migration === undefined || (!knows(build, migration) && build.version !== version),
  );
  return [...new Set(olds.map((each) => each.version))];
}

const byNumber = new Intl.Collator('en', { numeric: true });

/** Whether a contract has taken away what this version needs, or is about to: by its name, since it was live before. */
export const isOutdated = ({ outdated, migration }: AppState, version: string): boolean =>
  outdated.includes(version) || (migration?.stage === 'contracting' && migration.olds.includes(version));

/** The migration whose contract has taken away what this build needs; null: none that is known. */
export function outdatedBy(state: AppState, build: Build): string | null {
  const { migration, contracted } = state;
  const isContracted = migration?.stage === 'contracting' || migration?.stage === 'contracted';
  const newest = migration !== null && isContracted ? migration.name : contracted.at(-1);
  const own = build.migration?.name;
  if (newest === undefined || own === newest) return null;
  if (isOutdated(state, build.version)) return newest;
  // A build of before that never was live: what it brings was contracted earlier, or it brings nothing although it could.
  const takesAway = isContracted && migration.phases.includes('contract') && build.spec.database != null;
  return takesAway && (own === undefined || contracted.includes(own) || isBefore(build, own, newest))
    ? newest
    : null;
}

/** Of an older line: folders of migrations are in the order of their names, names of versions in none. */
const isBefore = ({ spec: { database } }: Build, own: string, newest: string): boolean =>
  database?.migrations != null && byNumber.compare(own, newest) < 0;
