import type { SqlFile } from '../lint/lint.ts';
import { phaseOf } from '../lint/phase.ts';
import { upPart } from '../lint/source.ts';
import type { Parser } from '../sql/parser.ts';
import { apply, statementsOf } from './apply.ts';
import { compare, takeBaseline, type Baseline } from './baseline.ts';
import type { Corpus, Statement } from './corpus.ts';
import type { Felt } from './finding.ts';
import type { Observation } from './measure.ts';
import type { Prepared, Unprovable } from './prepare.ts';
import { coverageOf, findingsOf, type Finding, type Coverage, type Unproven } from './report.ts';
import { seed } from './seed.ts';
import type { Shadow } from './shadow.ts';

/** What is to be proven, and with whose statements. */
export interface Claim {
  /** Statements of the version that is live. */
  readonly live: Corpus | null;
  /** Statements of the version that is to come, from its tests or its canary. */
  readonly candidate: Corpus | null;
  readonly migration: readonly SqlFile[];
}

/** One pair that has to get along: whose statements, and the schema they meet. */
export interface Part {
  readonly of: 'live' | 'candidate';
  readonly schema: 'expanded' | 'contracted';
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
  readonly unproven: readonly Unproven[];
}

export interface Proof {
  readonly parts: readonly Part[];
  /** What is not as it is in production, or not known, in words. */
  readonly notes: readonly string[];
}

/**
 * Tries statements in a shadow database: those of the live version before and after expand, those of the candidate after expand and
 * after contract. Files without a phase run while the live version serves, so they belong to expand.
 */
export async function prove(parser: Parser, shadow: Shadow, claim: Claim): Promise<Proof> {
  const { session } = shadow;
  const run = (files: readonly SqlFile[]): Promise<boolean> => change(parser, shadow, files);
  const phaseFiles = (wanted: readonly (string | null)[]): readonly SqlFile[] =>
    claim.migration.filter(({ path }) => wanted.includes(phaseOf(path)));
  const expand = [...phaseFiles([null, 'expand']), ...phaseFiles(['backfill'])];
  const contract = phaseFiles(['contract']);
  const parts: Part[] = [];
  const live = claim.live === null ? null : await takeBaseline(parser, session, claim.live.statements);
  const sameRows = await run(expand);
  if (live !== null) {
    const felt = await compare(parser, session, live, { sameRows });
    parts.push(partOf({ of: 'live', schema: 'expanded' }, live, { felt, missing: [] }));
  }
  const candidate =
    claim.candidate === null ? null : await takeBaseline(parser, session, claim.candidate.statements);
  if (candidate !== null) {
    const unknown = new Set(live?.unprovable.map(({ statement }) => statement.text));
    const missing = needsMore(candidate.unprovable, unknown);
    parts.push(
      partOf({ of: 'candidate', schema: 'expanded' }, candidate, { felt: refusedAtOnce(candidate), missing }),
    );
  }
  if (candidate !== null && contract.length > 0) {
    const felt = await compare(parser, session, candidate, { sameRows: await run(contract) });
    parts.push(partOf({ of: 'candidate', schema: 'contracted' }, candidate, { felt, missing: [] }));
  }
  return { parts, notes: notesOf(shadow, [claim.live, claim.candidate], [live, candidate]) };
}

/** A change of the schema, and statements that the schema takes as it is. */
export interface Meeting extends Pick<Part, 'of' | 'schema'> {
  readonly corpus: Corpus;
  readonly files: readonly SqlFile[];
}

/** Tries whether the statements that the shadow's schema takes are taken after these files, too. @throws TealError `migration-failed` */
export async function proveChange(
  parser: Parser,
  shadow: Shadow,
  { corpus, files, of, schema }: Meeting,
): Promise<Proof> {
  const before = await takeBaseline(parser, shadow.session, corpus.statements);
  const sameRows = await change(parser, shadow, files);
  const felt = await compare(parser, shadow.session, before, { sameRows });
  return {
    parts: [partOf({ of, schema }, before, { felt, missing: [] })],
    notes: notesOf(shadow, [corpus], [before]),
  };
}

/** Runs files on the shadow. @returns whether rows of the seed are as they were */
async function change(parser: Parser, shadow: Shadow, files: readonly SqlFile[]): Promise<boolean> {
  let kept = true;
  for (const { path, text } of files) {
    const statements = statementsOf(parser, { path, text: upPart(text) });
    const applied = await apply(shadow.session, statements, { path, seeded: shadow.seeded });
    kept &&= applied.keptSeed;
  }
  // Tables that are new have no rows yet.
  if (shadow.seeded.length > 0) await seed(shadow.session);
  return kept;
}

interface Said {
  readonly felt: readonly Felt[];
  /** Statements that could not be asked because they name what is not there. */
  readonly missing: readonly Unprovable[];
}

function partOf(pair: Pick<Part, 'of' | 'schema'>, baseline: Baseline, { felt, missing }: Said): Part {
  const failing = new Set(missing.map(({ statement }) => statement));
  const unasked = felt.filter(({ verdict }) => verdict === 'unproven');
  return {
    ...pair,
    coverage: coverageOf(baseline, failing, unasked),
    findings: findingsOf(felt, missing),
    unproven: [
      ...baseline.unprovable
        .filter(({ statement }) => !failing.has(statement))
        .map(({ statement, refused }) => ({
          ...sent(statement),
          why: `${refused.message} (${refused.code})`,
        })),
      ...unasked.map(({ prepared, what }) => ({ ...sent(prepared.statement), why: what })),
    ],
  };
}

const sent = ({ text, calls, role }: Statement): Omit<Unproven, 'why'> => ({ text, calls, role });

/** Something that is not there: a table, column, function, type, schema, or what ON CONFLICT asks for. */
const notThere: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '42704', '3F000', '42P10']);

/** Statements of the candidate that name what the expanded schema does not have. */
function needsMore(unprovable: readonly Unprovable[], unknown: ReadonlySet<string>): readonly Unprovable[] {
  return unprovable.filter(
    ({ statement, refused }) => notThere.has(refused.code) && !unknown.has(statement.text),
  );
}

/** Statements that are understood, but for which the server makes no plan: no unique constraint for ON CONFLICT, no rights. */
function refusedAtOnce({ observations }: Baseline): readonly Felt[] {
  return [...observations].flatMap(
    ([prepared, { plan }]: readonly [Prepared, Observation]): readonly Felt[] =>
      plan === null || 'ok' in plan
        ? []
        : [
            {
              prepared,
              verdict: 'broken',
              channel: 'plan',
              what: `${plan.refused.message} (${plan.refused.code})`,
              check: null,
            },
          ],
  );
}

function notesOf(
  { notes }: Shadow,
  corpora: readonly (Corpus | null)[],
  baselines: readonly (Baseline | null)[],
): readonly string[] {
  const missing = [...new Set(baselines.flatMap((baseline) => baseline?.missingRoles ?? []))];
  return [
    ...notes,
    ...(missing.length === 0
      ? []
      : [
          `The shadow database has no role ${missing.join(', ')}, or grants it nothing, or we may not act as it (who is a member of it may; never make anybody one of a superuser): rights are not looked at`,
        ]),
    ...corpora.flatMap((corpus) => (corpus === null ? [] : lossesOf(corpus))),
  ];
}

function lossesOf({ lost, evicted, resets }: Corpus): readonly string[] {
  return [
    ...lost,
    ...(evicted > 0
      ? [
          `The server has thrown statements out ${evicted} times to make room: some may be missing (pg_stat_statements.max)`,
        ]
      : []),
    ...(resets > 0 ? [`The server's statistics were reset ${resets} times: some calls are not counted`] : []),
  ];
}
