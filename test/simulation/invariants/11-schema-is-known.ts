import { byItselfAt, isDoubted, open, runs } from '../../../src/release/migrate.ts';
import type { AppState, Migration } from '../../../src/release/state.ts';
import type { MakeInvariant } from '../invariant.ts';
import { migrationName, migrationNumber, phasesOf } from '../world/database.ts';
import type { Instance } from '../world/instances.ts';

/** 11: no version runs on a schema that it cannot live with, but one that a person has gone back to; and what was begun ends. */
export const schemaIsKnown: MakeInvariant = (world) => {
  /** By app and version: brought back by a rollback, which never waits for a database. */
  const broughtBack = new Set<string>();
  const told = new Set<string>();

  const missing = (app: string, version: string): string | null => {
    const own = migrationNumber(version);
    if (own > 0 && !world.databases.isExpanded(app, migrationName(own)))
      return `${migrationName(own)} is not there`;
    const taken = later(own).find((number) => world.databases.isContracted(app, migrationName(number)));
    return taken === undefined ? null : `${migrationName(taken)} has taken away what it needs`;
  };

  const look = ({ workload: { app, version }, id }: Instance): void => {
    if (world.files.get(app)?.database == null || broughtBack.has(`${app}/${version}`) || told.has(id))
      return;
    const why = missing(app, version);
    if (why === null) return;
    told.add(id);
    world.broken(11, `${id} runs ${version}, and ${why}`);
  };

  const ends = (state: AppState): void => {
    const migration = open(state);
    if (migration === null || migration.failed !== null || state.live === null || state.frozen !== null)
      return;
    if (isDoubted(state)) return;
    const versions = world.machine.alive.flatMap(({ workload: { app, version } }) =>
      app === state.app ? [version] : [],
    );
    const why =
      runs(state) || byItselfAt(state) !== null ? 'all the time' : nobodyIsLeft(state, migration, versions);
    if (why !== null) world.broken(11, `${migration.name} of ${state.app} is ${migration.stage}: ${why}`);
  };

  world.databases.done = (app, { migration, phase, again }) => {
    world.note(() => `database of ${app}: a step of ${phase} of ${migration}`);
    if (again) world.broken(11, `a step of ${phase} of ${migration} of ${app} runs twice`);
  };

  return {
    appended({ stream, type }, _, { release }) {
      if (type !== 'release-started' || release === null) return;
      const key = `${stream}/${release.build.version}`;
      if (release.kind === 'rollback') broughtBack.add(key);
      else broughtBack.delete(key);
    },
    after() {
      for (const instance of world.machine.alive) look(instance);
    },
    end() {
      for (const { name } of world.apps) if (!world.state(name).removing) ends(world.state(name));
    },
  };
};

/** Migrations that a version does not know, and that take something away. */
const later = (own: number): readonly number[] =>
  Array.from({ length: 40 }, (_, index) => own + 1 + index).filter((number) =>
    phasesOf(number).includes('contract'),
  );

/** Whom it would have to wait for; null: somebody is there, or it is for people to say. */
function nobodyIsLeft(
  { config }: AppState,
  { name, stage, phases }: Migration,
  versions: readonly string[],
): string | null {
  const news = versions.filter((version) => migrationName(migrationNumber(version)) === name);
  const { contract, undo } = config?.database ?? { contract: 'manual', undo: 'manual' };
  // Who has crashed comes again.
  if (versions.length === 0) return null;
  if (news.length === versions.length)
    return contract === 'auto' && stage !== 'undoing' ? 'nobody is left who is old' : null;
  const mayUndo = phases.includes('undo') && stage !== 'undoing' && stage !== 'contracting';
  return news.length === 0 && undo === 'auto' && mayUndo ? 'nobody is left who needs it' : null;
}
