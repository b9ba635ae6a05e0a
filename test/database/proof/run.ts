/**
 * How many kinds of changes `teal db prove` finds, with statements that real clients have sent, on real servers.
 *
 *   npm run acceptance:database                every server there is; exit 1 when a goal is missed
 *   npm run acceptance:database -- --json      for machines
 *   npm run acceptance:database -- --quick     one server, a third of the kinds of each truth, and two upgrades of a published project
 *   npm run acceptance:database -- --published only what other projects have published
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compare, takeBaseline } from '../../../src/database/prove/baseline.ts';
import { apply, statementsOf } from '../../../src/database/prove/apply.ts';
import { readCorpus } from '../../../src/database/prove/corpus-file.ts';
import { seed } from '../../../src/database/prove/seed.ts';
import { connect, type Session } from '../../../src/database/prove/session.ts';
import { verdicts, type Felt, type Verdict } from '../../../src/database/prove/finding.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { hasPostgres, startPostgres } from '../../store/postgres-server.ts';
import { compareOwnExamples, saySquawk, squawkMissed, type SquawkReport } from '../lint/squawk-own.ts';
import { RegistryAway } from '../published/packages.ts';
import {
  publishedMissed,
  sayPublished,
  tryAllPublished,
  tryOnePublished,
  type Report,
} from '../published/report.ts';
import { matrix, truths, type Kind, type Truth } from './matrix.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    published: { type: 'boolean', default: false },
    only: { type: 'string' },
    server: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

/** The verdicts that count as found; a graver one warns too, but of a safe change any is a false alarm. */
const found: Readonly<Record<Truth, readonly Verdict[]>> = {
  breaks: ['broken'],
  depends: ['risk', 'broken'],
  visible: ['client-visible', 'risk', 'broken'],
  safe: ['client-visible', 'risk', 'broken'],
};
const provableGoal = 0.98;
const falseAlarmGoal = 4 / 9;

interface Tried {
  readonly kind: Kind;
  readonly verdict: Verdict | null;
  readonly felt: readonly Felt[];
  readonly ms: number;
}

interface Outcome {
  readonly server: number;
  readonly statements: number;
  readonly asked: number;
  readonly provable: number;
  readonly asSent: number;
  readonly run: number;
  readonly unprovable: readonly string[];
  readonly tried: readonly Tried[];
  readonly seconds: number;
}

const parser = await loadParser();

async function tryServer(version: number): Promise<Outcome> {
  const started = performance.now();
  const file = path.join(import.meta.dirname, `corpus-${version}.jsonl`);
  const corpus = readCorpus({ path: file, text: readFileSync(file, 'utf8') });
  const server = await startPostgres({ version, settings: { full_page_writes: 'off', autovacuum: 'off' } });
  const url = await server.database();
  const open = (database: string): Promise<Session> => connect({ url, database });
  const admin = await open('postgres');
  try {
    const base = await connect({ url });
    const name = new URL(url).pathname.slice(1);
    await base.query(readFileSync(path.join(import.meta.dirname, 'schema.sql'), 'utf8'));
    for (const role of new Set(corpus.statements.map((each) => each.role))) {
      await base.query(`CREATE ROLE ${role}`);
      await base.query(`GRANT ALL ON SCHEMA public, billing TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA public, billing TO ${role};
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public, billing TO ${role}; GRANT CREATE, TEMP ON DATABASE ${name} TO ${role}`);
    }
    const seeded = await seed(base);
    const baseline = await takeBaseline(parser, base, corpus.statements);
    await base.close();
    const tried: Tried[] = [];
    for (const kind of chosen()) {
      const begun = performance.now();
      await admin.query(`CREATE DATABASE changed TEMPLATE ${name}`);
      const session = await open('changed');
      try {
        const sql = statementsOf(parser, { path: kind.name, text: kind.sql });
        const { keptSeed } = await apply(session, sql, { path: kind.name, seeded });
        if (!keptSeed) await seed(session);
        const felt = await compare(parser, session, baseline, { sameRows: keptSeed });
        const verdict = verdicts.find((each) => felt.some((one) => one.verdict === each)) ?? null;
        tried.push({ kind, verdict, felt, ms: performance.now() - begun });
      } finally {
        await session.close();
        await admin.query('DROP DATABASE changed');
      }
    }
    return {
      server: version,
      statements: corpus.statements.length,
      asked: baseline.prepared.length + baseline.unprovable.length,
      provable: baseline.prepared.length,
      asSent: baseline.prepared.filter(({ repaired }) => !repaired).length,
      run: [...baseline.observations.values()].filter(({ trial }) => trial !== null).length,
      unprovable: baseline.unprovable.map(
        ({ statement, refused }) => `${refused.code} ${refused.message}: ${statement.text.slice(0, 100)}`,
      ),
      tried,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await admin.close();
    await server.stop();
  }
}

/** The quick ones: every third of each truth. */
function chosen(): readonly Kind[] {
  const { only } = values;
  if (only !== undefined) return matrix.filter(({ name }) => name.includes(only));
  if (!values.quick) return matrix;
  return truths.flatMap((truth) =>
    matrix.filter((kind) => kind.truth === truth).filter((_, at) => at % 3 === 0),
  );
}

const isFound = ({ kind, verdict }: Tried): boolean =>
  verdict !== null && found[kind.truth].includes(verdict);

/** What was wanted and not reached. */
function missed({ server, tried, provable, asked }: Outcome): readonly string[] {
  const wrong: string[] = [];
  for (const each of tried)
    if (each.kind.truth !== 'safe' && !isFound(each))
      wrong.push(
        `PostgreSQL ${server}: ${each.kind.name} (${each.kind.truth}) was told as ${each.verdict ?? 'nothing'}`,
      );
  const harmless = tried.filter(({ kind }) => kind.truth === 'safe');
  const alarms = harmless.filter(isFound);
  const graver = alarms.filter(({ verdict }) => verdict === 'broken');
  if (alarms.length > harmless.length * falseAlarmGoal || graver.length > 0)
    wrong.push(
      `PostgreSQL ${server}: ${alarms.length} of ${harmless.length} safe changes were flagged: ${alarms.map(({ kind, verdict }) => `${kind.name} (${verdict})`).join(', ')}`,
    );
  if (provable / asked < provableGoal)
    wrong.push(`PostgreSQL ${server}: ${provable} of ${asked} statements are provable`);
  return wrong;
}

function report(outcome: Outcome): void {
  const { server, statements, asked, provable, asSent, run, tried, seconds } = outcome;
  const percent = ((100 * provable) / asked).toFixed(1);
  console.log(`\nPostgreSQL ${server}, ${seconds.toFixed(0)} s`);
  console.log(
    `  ${statements} statements of the corpus, ${asked} about the schema: ${provable} provable (${percent} %; ${asSent} as they were sent), ${run} run with synthetic values`,
  );
  for (const truth of truths) {
    const of = tried.filter(({ kind }) => kind.truth === truth);
    const told = verdicts
      .map((verdict) => `${of.filter((each) => each.verdict === verdict).length} ${verdict}`)
      .slice(0, 3)
      .join(', ');
    console.log(
      `  ${truth.padEnd(8)} ${of.filter(isFound).length} of ${of.length} ${truth === 'safe' ? 'flagged' : 'found'} (${told})`,
    );
  }
  const times = tried.map(({ ms }) => ms).toSorted((a, b) => a - b);
  if (times.length > 0)
    console.log(
      `  a change takes ${Math.round(times[Math.floor(times.length / 2)] ?? 0)} ms (median), ${Math.round(times.at(-1) ?? 0)} ms (longest)`,
    );
  if (!values.verbose) return;
  for (const each of outcome.unprovable) console.log(`  unprovable: ${each}`);
  for (const { kind, verdict, felt, ms } of tried) {
    console.log(
      `  ${kind.truth.padEnd(8)} ${String(verdict).padEnd(15)} ${kind.name} (${Math.round(ms)} ms)`,
    );
    const words = new Map(
      felt.map((one) => [`${one.verdict} ${one.channel} ${one.what}`, one.prepared.sent.text]),
    );
    for (const [what, text] of [...words].slice(0, 6)) console.log(`      ${what} ← ${text.slice(0, 80)}`);
  }
}

const outcomes: Outcome[] = [];
const versions = values.published ? [] : values.quick ? [18] : [18, 15];
for (const version of versions) {
  if (values.server !== undefined && values.server !== String(version)) continue;
  if (!hasPostgres(version)) {
    if (!values.json) console.log(`PostgreSQL ${version} is not on this machine: not asked`);
    continue;
  }
  const outcome = await tryServer(version);
  outcomes.push(outcome);
  if (!values.json) report(outcome);
}
const wrong = outcomes.flatMap(missed);
if (outcomes.length === 0 && !values.published) wrong.push('no server was asked');
const published: Report[] = [];
const squawk: SquawkReport[] = [];
const part = values.only ?? values.server;
try {
  if (values.published || (!values.quick && part === undefined)) {
    published.push(...(await tryAllPublished(parser)));
    squawk.push(await compareOwnExamples(parser));
    wrong.push(...publishedMissed(published), ...squawk.flatMap(squawkMissed));
  } else if (values.quick && part === undefined) {
    published.push(...(await tryOnePublished(parser)));
    wrong.push(...publishedMissed(published, 2));
  }
} catch (error) {
  const what = `what is published: ${error instanceof Error ? error.message : String(error)}`;
  // Nobody's fault, where somebody only has a look; where CI is set nothing is skipped.
  if (values.quick && error instanceof RegistryAway && process.env['CI'] === undefined)
    console.error(`SKIPPED  ${what}`);
  else wrong.push(what);
}
if (values.json)
  console.log(
    JSON.stringify({
      outcomes: outcomes.map(({ tried, ...outcome }) => ({
        ...outcome,
        tried: tried.map(({ kind, verdict, ms }) => ({
          name: kind.name,
          truth: kind.truth,
          verdict,
          ms: Math.round(ms),
        })),
      })),
      published,
      squawk,
      missed: wrong,
    }),
  );
else {
  if (published.length > 0) console.log(sayPublished(published, values.verbose).join('\n'));
  for (const each of squawk) console.log(saySquawk(each).join('\n'));
  for (const each of wrong) console.log(`MISSED  ${each}`);
  console.log(wrong.length === 0 ? '\nevery goal is reached' : `\n${wrong.length} goals missed`);
}
process.exitCode = wrong.length === 0 ? 0 : 1;
