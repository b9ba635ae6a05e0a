import { existsSync } from 'node:fs';
import type { DatabasePolicy, Phase } from '../../config/database.ts';
import { formatDuration } from '../../config/units.ts';
import type { LintReport } from '../../database/lint/lint.ts';
import { TealError, type ErrorJson } from '../../errors.ts';
import { open } from '../../release/migrate.ts';
import { harmAhead } from '../../release/migrate-harm.ts';
import type { Build, BuildMigration } from '../../release/state.ts';
import type { PlanDatabase, PlanLint } from '../contract.ts';
import { unread } from '../deploy.ts';
import { folderOf } from '../effects/workload.ts';
import type { KnownState } from '../known.ts';
import { lintOf } from '../migrate/lint.ts';
import { newestOf, type Newest } from '../migrate/newest.ts';
import { neededOf } from '../migrate/ready.ts';
import { skippedBy } from '../migrate/skipped.ts';

/** What a deploy would do to the database. */
export interface Foreseen {
  /** With what it needs of the database. */
  readonly build: Build;
  /** Null: teal.yaml says nothing of one. */
  readonly database: PlanDatabase | null;
  /** What going back would do harm by; empty: nothing does that is known. */
  readonly harm: readonly string[];
  /** What the deploy would be refused with for it. */
  readonly refused: readonly ErrorJson[];
}

/** Reads what lies in the version, and asks no server. */
export async function foresee(state: KnownState, build: Build): Promise<Foreseen> {
  const policy = state.config.database ?? null;
  if (policy === null) return { build, database: null, harm: [], refused: [] };
  const { refused, newest, named, ...rest } = await read(state, build);
  const todo = named !== null && named.phases.length > 0 ? named : null;
  const known = named === null ? build : { ...build, migration: named };
  return {
    build: existsSync(folderOf(build)) ? known : unread(build),
    database: {
      migration: todo?.name ?? null,
      folder: newest?.folder ?? null,
      phases: (todo?.phases ?? []).map((phase) => ({ phase, ...timing(phase, state, policy) })),
      open: openOne(state, newest),
      rollback: policy.rollback,
      lint: rest.report === null ? null : found(rest.report),
      notes: refused.length > 0 ? [] : notes(state, { build, newest, todo, skipped: rest.skipped, policy }),
    },
    harm: todo === null ? [] : harm(state, known),
    refused,
  };
}

interface Read {
  readonly newest: Newest | null;
  /** By its name alone it is known which schema the version was written for, whether or not it can run. */
  readonly named: BuildMigration | null;
  readonly report: LintReport | null;
  readonly skipped: readonly string[];
  readonly refused: readonly ErrorJson[];
}

async function read(state: KnownState, build: Build): Promise<Read> {
  const nothing = { newest: null, named: null, report: null, skipped: [], refused: [] };
  let newest: Newest | null = null;
  try {
    newest = await newestOf(build);
    if (newest === null) return nothing;
    const named = await neededOf(state, build, newest);
    if (named.phases.length === 0) return { ...nothing, newest, named };
    const [report, skipped] = [await lintOf(build, newest), await skippedBy(state, build, newest)];
    return { newest, named, report, skipped, refused: [] };
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    const named = newest === null ? null : { name: newest.name, phases: [] };
    return { ...nothing, newest, named, refused: [error.toJSON()] };
  }
}

/** When a phase runs, and whether somebody has to ask for it. */
function timing(
  phase: Phase,
  { app, config }: KnownState,
  { contract, undo, proof }: DatabasePolicy,
): { readonly when: string; readonly byItself: boolean } {
  const proven = proof === null ? '' : ', if the proof allows it';
  switch (phase) {
    case 'expand':
      return { when: `before the candidate starts${proven}`, byItself: true };
    case 'backfill':
      return { when: 'before the candidate starts', byItself: true };
    case 'undo':
      return undo === 'auto'
        ? { when: 'if the release is taken back, when the candidate is gone', byItself: true }
        : { when: `if the release is taken back, by teal db undo ${app}`, byItself: false };
    case 'contract': {
      const closed = `when the rollback window (${formatDuration(config.release.rollbackWindowMs)}) has closed and no older version runs${proven}`;
      return contract === 'auto'
        ? { when: closed, byItself: true }
        : { when: `${closed}, by teal db contract ${app}`, byItself: false };
    }
  }
}

/** Another one, which comes first or is waited for. */
function openOne(state: KnownState, newest: Newest | null): PlanDatabase['open'] {
  const there = open(state);
  if (there === null || there.name === newest?.name) return null;
  return { migration: there.name, version: there.build.version, stage: there.stage };
}

interface About {
  readonly build: Build;
  readonly newest: Newest | null;
  readonly todo: BuildMigration | null;
  readonly skipped: readonly string[];
  readonly policy: DatabasePolicy;
}

function notes(state: KnownState, { build, newest, todo, skipped, policy }: About): readonly string[] {
  const { version } = build;
  if (newest === null) {
    if (!existsSync(folderOf(build))) return [`What ${version} brings is known when its files are there.`];
    return [`${version} brings no migration: ${policy.migrations} holds none.`];
  }
  if (todo === null)
    return [
      state.contracted.includes(newest.name)
        ? `${newest.name} is done: it was contracted.`
        : `${newest.name} has no statement in it: nothing is done.`,
    ];
  const { length } = skipped;
  const left = `${skipped.toReversed().join(', ')} ${length === 1 ? 'is' : 'are'} left out, since a release runs the newest only: unless run by hand, the deploy is refused for it.`;
  return [...begunBefore(state, todo), ...(length === 0 ? [] : [left]), ...withoutServer(policy)];
}

function begunBefore({ migration }: KnownState, { name }: BuildMigration): readonly string[] {
  if (migration?.name !== name) return [];
  if (migration.stage === 'undone') return [`${name} was undone, and is begun once more.`];
  const stopped = migration.failed === null ? '' : ` and has failed: ${migration.failed.message}`;
  return [`${name} was begun by ${migration.build.version}${stopped}. Only what is left of it runs.`];
}

function harm(state: KnownState, build: Build): readonly string[] {
  const ahead = harmAhead(state, build);
  return ahead === null ? [] : [`${ahead}.`];
}

const withoutServer = ({ url }: DatabasePolicy): readonly string[] =>
  url === null
    ? [
        'Commands do all the work, since there is no url: rules, proof and generators are for PostgreSQL only.',
      ]
    : [];

/** Errors first, since not all of them are shown to people. */
function found({ findings }: LintReport): PlanLint {
  const of = (wanted: 'error' | 'warning'): PlanLint['findings'] =>
    findings.flatMap(({ level, rule, file, line, what }) =>
      level === wanted ? [{ level, rule, file, line, what }] : [],
    );
  return { findings: [...of('error'), ...of('warning')] };
}
