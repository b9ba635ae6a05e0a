import { verdicts, type Verdict } from '../../../src/database/prove/finding.ts';
import type { Parser } from '../../../src/database/sql/parser.ts';
import { startPostgres } from '../../store/postgres-server.ts';
import { truths, type Truth } from '../proof/matrix.ts';
import { eugene } from './eugene.ts';
import { graphileWorker } from './graphile-worker.ts';
import type { Published } from './history.ts';
import { paperclip } from './paperclip.ts';
import { tryPublished, type TriedStage } from './try.ts';

/** Of each truth the least verdict that is grave enough. */
const enough: Readonly<Record<Truth, Verdict | null>> = {
  breaks: 'broken',
  depends: 'risk',
  visible: 'client-visible',
  safe: null,
};
/** Migrations that have to be tried, so that nothing is left out and called found. */
const leastTried = 20;

export type Answer = 'found' | 'told as less' | 'missed' | 'flagged' | 'quiet';

export interface Report {
  readonly published: Omit<Published, 'histories'>;
  readonly tried: readonly (TriedStage & { readonly answer: Answer })[];
  readonly seconds: number;
}

export function answerOf({ judged, verdict }: Pick<TriedStage, 'judged' | 'verdict'>): Answer {
  const least = enough[judged.truth];
  if (least === null) return verdict === null ? 'quiet' : 'flagged';
  if (verdict === null) return 'missed';
  return verdicts.indexOf(verdict) <= verdicts.indexOf(least) ? 'found' : 'told as less';
}

/** Tries what other projects have published, on PostgreSQL 18. @throws Error when a package is not to be had */
export const tryAllPublished = async (parser: Parser): Promise<readonly Report[]> =>
  tryEach(parser, [await eugene(), await graphileWorker(parser), await paperclip()]);

/** Tries two upgrades of one project. @throws Error when a package is not to be had */
export const tryOnePublished = async (parser: Parser): Promise<readonly Report[]> =>
  tryEach(parser, [await graphileWorker(parser, true)]);

async function tryEach(parser: Parser, sources: readonly Published[]): Promise<readonly Report[]> {
  const server = await startPostgres({
    version: 18,
    settings: { full_page_writes: 'off', autovacuum: 'off' },
  });
  try {
    const reports: Report[] = [];
    for (const { histories, ...published } of sources) {
      const started = performance.now();
      const tried = await tryPublished(parser, server, { histories, ...published });
      reports.push({
        published,
        tried: tried.map((each) => ({ ...each, answer: answerOf(each) })),
        seconds: (performance.now() - started) / 1000,
      });
    }
    return reports;
  } finally {
    await server.stop();
  }
}

/**
 * What is not as it was when somebody last looked: better or worse, it has to be written down.
 * @param least that have to be tried
 */
export function publishedMissed(reports: readonly Report[], least = leastTried): readonly string[] {
  const all = reports.flatMap(({ published, tried }) =>
    tried.map((each) => ({ ...each, of: published.name })),
  );
  const wrong = all.flatMap(({ of, name, judged: { truth, but }, verdict, answer }) => {
    const known = but === undefined ? answer === 'found' || answer === 'quiet' : verdict === but.says;
    return known ? [] : [`${of} ${name} (${truth}) was told as ${verdict ?? 'nothing'}`];
  });
  return all.length < least ? [...wrong, `only ${all.length} published migrations were tried`] : wrong;
}

/** In lines for people. */
export function sayPublished(reports: readonly Report[], verbose: boolean): readonly string[] {
  const every = reports.flatMap(({ tried }) => tried);
  return [
    `\nMigrations that other projects have published, PostgreSQL 18; apart from the kinds above, and judged by reading them`,
    ...reports.flatMap((report) => [...sayOne(report), ...(verbose ? details(report) : [])]),
    `  all: ${every.length} migrations`,
    ...counts(every),
  ];
}

function sayOne({ published, tried, seconds }: Report): readonly string[] {
  const { name, version, registry, licence, statements } = published;
  const asked = tried.reduce((sum, each) => sum + each.asked, 0);
  const provable = tried.reduce((sum, each) => sum + each.provable, 0);
  return [
    `  ${name} ${version} (${registry}, ${licence}): ${tried.length} migrations, ${seconds.toFixed(0)} s; ${asked} statements ${statements}, ${provable} provable`,
    ...counts(tried),
    ...tried.flatMap((each) => {
      const { answer, judged, verdict } = each;
      if (answer === 'found' || answer === 'quiet') return [];
      return `    ${answer}: ${each.name} (${judged.truth}) as ${verdict ?? 'nothing'}: ${judged.why}; ${judged.but?.since ?? 'nobody knows why'}`;
    }),
  ];
}

function counts(tried: Report['tried']): readonly string[] {
  return truths.flatMap((truth) => {
    const of = tried.filter(({ judged }) => judged.truth === truth);
    const told = Map.groupBy(of, ({ answer }) => answer);
    const said = [...told].map(([answer, which]) => `${which.length} ${answer}`).toSorted();
    return of.length === 0 ? [] : `    ${truth.padEnd(8)} ${of.length}: ${said.join(', ')}`;
  });
}

function details({ tried }: Report): readonly string[] {
  return tried.flatMap(({ name, judged, verdict, what, unprovable }) => [
    `    ${judged.truth.padEnd(8)} ${String(verdict).padEnd(15)} ${name}: ${judged.why}`,
    ...what.slice(0, 6).map((line) => `        ${line}`),
    ...unprovable.map((line) => `        unprovable: ${line}`),
  ]);
}
