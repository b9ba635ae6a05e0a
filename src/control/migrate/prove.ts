import type { ProofPolicy } from '../../config/database.ts';
import { valueOf } from '../../config/secret.ts';
import { runChecks } from '../../database/prove/checks.ts';
import type { Snapshot } from '../../database/prove/collect.ts';
import { corpusOfLook } from '../../database/prove/collect.ts';
import { emptyCorpus, mergeCorpora, type Corpus } from '../../database/prove/corpus.ts';
import { stopIf } from '../../database/prove/interrupt.ts';
import { proveChange, type Part, type Proof } from '../../database/prove/proof.ts';
import { connect } from '../../database/prove/session.ts';
import { innerOf } from '../../database/prove/inner.ts';
import { openShadow, type SchemaSource, type Shadow, type ShadowKind } from '../../database/prove/shadow.ts';
import { corpusOfFiles } from '../../database/prove/sources.ts';
import { unlike } from '../../database/prove/unlike.ts';
import type { Migration } from '../../database/run/step.ts';
import type { Parser } from '../../database/sql/parser.ts';
import { TealError } from '../../errors.ts';
import { abortable } from '../../platform/process/wait.ts';
import { colours, type Build, type ProofSummary } from '../../release/state.ts';
import { folderOf } from '../effects/workload.ts';
import { historyOf } from './history.ts';
import { nobodyThere, off, summary, unknown } from './summary.ts';
import type { Work } from './work.ts';

export type Before = 'expand' | 'contract';

/** What is proven, and where. */
export interface Claim {
  readonly before: Before;
  readonly migration: Migration;
  readonly url: string;
  readonly parser: Parser;
}

/**
 * Tries the statements that the versions which run now really send on the schema as the phase will make it.
 * @throws TealError `migration-failed` when the phase fails on the same schema; `database-unavailable`
 */
export async function proofOf(work: Work, claim: Claim): Promise<ProofSummary> {
  const { deps, app, effect } = work;
  const { proof: policy } = effect.policy;
  if (policy === null) return off;
  const builds = sendersOf(work, claim.before);
  if (builds.length === 0) return nobodyThere;
  // Others look as well: what ends is only the waiting.
  const seen = await abortable(deps.statements.look(app), work.signal);
  const known = await corporaOf(work, { ...claim, builds, seen, files: policy.corpus });
  const silent = builds.filter((_, at) => known[at]?.statements.length === 0);
  const corpus = mergeCorpora(known);
  // What one version sends says nothing of another one.
  if (silent.length > 0) {
    const why = corpus.lost.length === 0 ? 'the server has counted none' : corpus.lost.join('; ');
    return unknown(`no statements of ${names(silent)} are known: ${why}`);
  }
  const { sql, commands } = sourcesOf(claim);
  if (sql.length === 0) return unknown(`what ${commands.join(' and ')} does cannot be tried beforehand`);
  const outcome = await tried(work, { ...claim, corpus, sql, policy });
  if (typeof outcome === 'string') return unknown(outcome);
  // As they are kept, to be told apart from those that were said before.
  const notes = [...outcome.notes, ...commands.map((each) => `what ${each} does was not tried`)].map(
    work.hide,
  );
  const parts = await checked(work, claim.url, outcome.parts);
  return summary({ parts, notes, known: saidBefore(work, claim.before), policy, who: names(builds) });
}

/** One release proves twice, mostly in the same place. */
function saidBefore({ deps, app }: Work, before: Before): readonly string[] {
  if (before === 'expand') return [];
  return deps.apps.state(app).migration?.proofs.expand?.notes ?? [];
}

const names = (builds: readonly Build[]): string => builds.map(({ version }) => version).join(' and ');

/** Whose statements meet the new schema: those of the live version before expand, and of all that run before contract. */
function sendersOf({ deps, app }: Work, before: Before): readonly Build[] {
  const { environments, live } = deps.apps.state(app);
  const there = (before === 'contract' ? colours : live === null ? [] : [live]).flatMap(
    (colour) => environments[colour] ?? [],
  );
  return [...new Map(there.map((each) => [each.version, each])).values()];
}

interface Known {
  readonly before: Before;
  readonly parser: Parser;
  readonly builds: readonly Build[];
  readonly seen: Snapshot | string;
  readonly files: readonly string[];
}

/** What is known of each build: statements that ask the schema for something, since nothing follows from BEGIN. */
async function corporaOf(
  { deps, app, effect }: Work,
  { before, parser, builds, seen, files }: Known,
): Promise<readonly Corpus[]> {
  const all: Corpus[] = [];
  for (const build of builds) {
    const own = await deps.statements.of(app, build.version);
    const corpora = [own];
    // Nobody has looked while it ran: then what the server has counted of its role, or of everybody, is what there is.
    if (before === 'expand' && own.statements.length === 0 && typeof seen !== 'string')
      corpora.push(
        corpusOfLook({ ...seen, rows: rowsOf(seen, roleOf(deps.apps.state(app).live, effect.policy.roles)) }),
      );
    for (const file of files) corpora.push(await corpusAt(parser, folderOf(build), file));
    const known = mergeCorpora(corpora);
    const statements = known.statements.filter(({ text }) => innerOf(parser, text).kind === 'query');
    all.push({ ...known, statements });
  }
  return all;
}

type Roles = Work['effect']['policy']['roles'];

const roleOf = (live: 'blue' | 'green' | null, roles: Roles): string | null =>
  live === null || roles === null ? null : roles[live];

const rowsOf = ({ rows }: Snapshot, wanted: string | null): Snapshot['rows'] =>
  wanted === null ? rows : rows.filter(({ role }) => role === wanted);

/** A version may be older than the file: then that is what is lost. */
async function corpusAt(parser: Parser, folder: string, file: string): Promise<Corpus> {
  try {
    return await corpusOfFiles(parser, folder, [file]);
  } catch (error) {
    if (!(error instanceof TealError)) throw error;
    return { ...emptyCorpus, lost: [error.message] };
  }
}

interface Sources {
  readonly sql: readonly { readonly path: string; readonly text: string }[];
  readonly commands: readonly string[];
}

/** Backfill runs before anybody is switched, too. */
function sourcesOf({ before, migration }: Claim): Sources {
  const { expand, backfill, contract } = migration.phases;
  const sources = before === 'expand' ? [...expand, ...backfill] : contract;
  return {
    sql: sources.flatMap((source) => ('sql' in source ? [{ path: source.file, text: source.sql }] : [])),
    commands: sources.flatMap((source) => ('run' in source ? [source.run] : [])),
  };
}

interface Trial extends Claim {
  readonly corpus: Corpus;
  readonly sql: Sources['sql'];
  readonly policy: ProofPolicy;
}

/** @returns words why it could not be tried */
async function tried(work: Work, trial: Trial): Promise<Proof | string> {
  const { parser, before, corpus, sql } = trial;
  work.telling.at(`trying ${corpus.statements.length} statements before ${before}`);
  let shadow: Shadow;
  try {
    shadow = await shadowFor(work, trial);
  } catch (error) {
    // As in the phase itself, which would wait for the same.
    if (!(error instanceof TealError) || error.code === 'lock-not-granted') throw error;
    stopIf(work.signal);
    const { why } = error.details;
    return `${error.message}${typeof why === 'string' ? ` (${why})` : ''}`;
  }
  let proof: Proof;
  let left: readonly string[] = [];
  try {
    const schema = before === 'expand' ? 'expanded' : 'contracted';
    proof = await proveChange(parser, shadow, { of: 'live', schema, corpus, files: sql });
  } catch (error) {
    stopIf(work.signal);
    if (!(error instanceof TealError)) throw error;
    // Where the shadow is not as the database is, most of what it refuses says nothing about that.
    if (error.details['certain'] === true || shadow.notes.length === 0)
      throw error.code === 'migration-failed' ? cannotRun(trial, error) : error;
    return `${error.message}; and ${shadow.notes.join('; ')}`;
  } finally {
    left = await shadow.close();
  }
  return { ...proof, notes: [...proof.notes, ...left] };
}

/** It is the migration that is wrong, not what the versions send. */
function cannotRun({ before, migration }: Trial, error: TealError): TealError {
  const { why, statement } = error.details;
  return new TealError(
    'migration-failed',
    `${before} of ${migration.name} cannot run: ${typeof why === 'string' ? why : error.message}`,
    {
      remedy: `Nothing of it has run${before === 'contract' ? ', and the release stays live' : ''}. Correct ${before}.sql, in the same folder, and deploy that as a new version: teal db lint says what stands in the way`,
      details: { before, statement: statement ?? null },
      cause: error,
    },
  );
}

/**
 * By pg_dump; where there is none that fits the server, by the migrations in the version, if what they make is what the database has.
 * @throws TealError `shadow-failed`
 */
async function shadowFor({ effect, signal }: Work, { parser, url, policy }: Trial): Promise<Shadow> {
  const kind = kindOf(policy.shadow, url);
  const open = (schema: SchemaSource): Promise<Shadow> =>
    openShadow(parser, { kind, schema, env: process.env, signal });
  try {
    return await open({ kind: 'dump', place: { url }, lockWaitMs: effect.policy.lockDeadlineMs });
  } catch (error) {
    if (!(error instanceof TealError) || error.code !== 'shadow-failed') throw error;
    const files = await historyOf(effect);
    if (files.length === 0) throw error;
    const shadow = await open({ kind: 'files', files }).catch((cause: unknown) => {
      throw cause instanceof TealError ? notByFiles(error, cause.message) : cause;
    });
    const differing = await differencesTo({ url, signal }, shadow).catch(async (cause: unknown) => {
      await shadow.close();
      throw cause;
    });
    if (differing.length === 0) return shadow;
    await shadow.close();
    throw notByFiles(error, `${differing.length} differences, such as: ${differing[0] ?? ''}`);
  }
}

async function differencesTo(
  { url, signal }: Pick<Trial, 'url'> & Pick<Work, 'signal'>,
  shadow: Shadow,
): Promise<readonly string[]> {
  const session = await connect({ url }, signal);
  try {
    return await unlike(session, shadow.session);
  } finally {
    await session.close();
  }
}

function notByFiles({ message, details }: TealError, why: string): TealError {
  const dump = typeof details['why'] === 'string' ? ` (${details['why']})` : '';
  return new TealError(
    'shadow-failed',
    `${message}${dump}; and the migrations in the version do not make what the database has`,
    {
      remedy: 'Install the pg_dump of the server’s version where Teal runs.',
      details: { why },
    },
  );
}

/** Another server than the database's own is one where a shadow can be made. */
function kindOf(shadow: ProofPolicy['shadow'], url: string): ShadowKind {
  if (typeof shadow !== 'string')
    return { kind: 'createdb', server: { url: valueOf('the shadow database', shadow, process.env) } };
  switch (shadow) {
    case 'pglite':
      return { kind: 'pglite' };
    case 'in-place':
      return { kind: 'in-place', place: { url } };
    case 'auto':
    case 'createdb':
      return { kind: 'createdb', server: { url } };
  }
}

/** Counts the rows that are in the way, in the database itself, which is only read. */
async function checked({ signal }: Work, url: string, parts: readonly Part[]): Promise<readonly Part[]> {
  if (parts.every(({ findings }) => findings.every(({ check }) => check === null))) return parts;
  const session = await connect({ url }, signal);
  try {
    return await runChecks(session, parts);
  } finally {
    await session.close();
  }
}
