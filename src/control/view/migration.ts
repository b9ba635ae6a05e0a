import {
  byItselfAt,
  mayContract,
  mayUndo,
  open,
  phaseNow,
  policyOf,
  runs,
  unsafe,
} from '../../release/migrate.ts';
import { colours, type AppState, type Migration } from '../../release/state.ts';
import { transitions } from '../../release/transitions.ts';
import type { MigrationView } from '../contract.ts';
import type { MigrationProgress } from '../migrate/contract.ts';
import { sayProgress } from './progress.ts';

/** Proofs that still say something. What is over is as it was before, or as it has to be: the events have what was tried. */
function proofsOf({ stage, proofs: { contract, ...proofs } }: Migration): MigrationView['proofs'] {
  const last = contract === undefined ? {} : { contract };
  switch (stage) {
    case 'undone':
      return {};
    case 'contracted':
      return last;
    default:
      return { ...proofs, ...last };
  }
}

type Said = Pick<MigrationView, 'says' | 'until' | 'command'>;

/** The migration as people see it: where it is, and what it waits for. */
export function migrationView(state: AppState, progress: MigrationProgress | null): MigrationView | null {
  const { migration, release } = state;
  if (migration === null) return null;
  const { name, build, round, phases, stage, since, olds, failed } = migration;
  const own = release?.id === migration.release && open(state) !== null;
  return {
    name,
    version: build.version,
    release: migration.release,
    round,
    phases,
    stage,
    since,
    olds,
    failed,
    proofs: proofsOf(migration),
    unsafe: own ? unsafe(state, release) : null,
    progress,
    ...saidOf(state, migration, progress),
  };
}

const said = (says: string, more: Partial<Said> = {}): Said => ({
  says,
  until: null,
  command: null,
  ...more,
});

function saidOf(state: AppState, migration: Migration, progress: MigrationProgress | null): Said {
  const phase = phaseNow(migration);
  // Refused before it began, contract leaves all as it was.
  const tried = phase ?? (migration.stage === 'ready' ? 'contract' : null);
  if (migration.failed !== null && tried !== null) {
    const command = tried === 'contract' || tried === 'undo' ? tried : null;
    return said(`${tried} failed: ${firstLine(migration.failed.message)}`, { command });
  }
  if (progress !== null && progress.phase === phase) return said(sayProgress(progress));
  if (phase !== null && runs(state)) return said(`${phase} is about to begin`);
  switch (migration.stage) {
    case 'expanding':
    case 'backfilling':
      return beforeCandidate(state, migration);
    case 'ready':
      return ready(state, migration);
    case 'contracting':
    case 'undoing':
      return held(state, migration, migration.stage === 'contracting' ? 'contract' : 'undo');
    case 'contracted':
      return said(
        migration.olds.length === 0
          ? 'contracted'
          : `contracted: ${list(migration.olds)} ${does(migration.olds)} not know the database any more`,
      );
    case 'undone':
      return said('undone: the database is as it was before');
  }
}

/** Its candidate has not begun, and nothing is worked at. */
function beforeCandidate(state: AppState, { build, release }: Migration): Said {
  const own = state.release?.id === release ? state.release : null;
  if (own?.status === 'migrating')
    return said(`goes on when ${own.pausedAt === null ? 'the freeze ends' : `${build.version} is resumed`}`);
  return mayUndo(state)
    ? said(gone(state, build.version))
    : said(`the release of ${build.version} has ended`);
}

const gone = ({ app }: AppState, version: string): string =>
  `${version} is gone: deploy it again, or teal db undo ${app}`;

function ready(state: AppState, migration: Migration): Said {
  const { frozen, app } = state;
  if (mayContract(state)) {
    if (frozen !== null) return said('contract waits until the freeze ends');
    if (policyOf(state)?.contract !== 'auto')
      return said(`no older version runs any more: teal db contract ${app}`, { command: 'contract' });
    return said('contract begins when a window opens', { until: byItselfAt(state) });
  }
  if (mayUndo(state) && policyOf(state)?.undo !== 'auto') return said(gone(state, migration.build.version));
  return waitsFor(state, migration);
}

/** What keeps contract from being asked for. */
function waitsFor(state: AppState, migration: Migration): Said {
  const { release } = state;
  const there = running(state, (version) => migration.olds.includes(version));
  const live = state.live === null ? null : (state.environments[state.live]?.version ?? null);
  // After a rollback: then the window is that of the newer version, which contract does not wait for.
  if (live !== null && there.includes(live))
    return said(`contract waits until ${live}, which is live, is gone for good`);
  if (release?.status === 'promoted' && release.windowEndsAt !== null && there.length > 0)
    return said(`contract waits for the rollback window: ${list(there)} ${are(there)} kept for a way back`, {
      until: release.windowEndsAt,
    });
  if (there.length > 0) return said(`contract waits until ${list(there)} ${are(there)} gone for good`);
  return said(
    release === null || (transitions[release.status].ended ?? false)
      ? 'contract waits until a version that needs it is live'
      : 'contract waits until the release has ended',
  );
}

/** It has begun, and cannot go on. */
function held(state: AppState, { olds }: Migration, command: 'contract' | 'undo'): Said {
  if (state.frozen !== null) return said(`${command} goes on when the freeze ends`);
  const there = running(state, (version) => olds.includes(version) === (command === 'contract'));
  return said(
    `${command} goes on when ${there.length === 0 ? 'it may' : `${list(there)} ${are(there)} gone`}`,
  );
}

const running = ({ environments }: AppState, which: (version: string) => boolean): readonly string[] =>
  colours.flatMap((colour) => environments[colour]?.version ?? []).filter(which);

/** The next command to type, when no release needs one; null: the database needs none. */
export function nextOfDatabase(state: AppState): string | null {
  const { migration, app, frozen } = state;
  if (migration === null || frozen !== null) return null;
  const { command } = saidOf(state, migration, null);
  if (command !== null) return `teal db ${command} ${app}`;
  return phaseNow(migration) !== null && runs(state) ? `teal status ${app} --watch` : null;
}

const list = (versions: readonly string[]): string => versions.join(' and ');
const are = (versions: readonly string[]): string => (versions.length === 1 ? 'is' : 'are');
const does = (versions: readonly string[]): string => (versions.length === 1 ? 'does' : 'do');

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;
