import { apply, statementsOf } from '../../../src/database/prove/apply.ts';
import { compare, takeBaseline } from '../../../src/database/prove/baseline.ts';
import { verdicts, type Verdict } from '../../../src/database/prove/finding.ts';
import { seed } from '../../../src/database/prove/seed.ts';
import { connect, type Session } from '../../../src/database/prove/session.ts';
import type { Parser } from '../../../src/database/sql/parser.ts';
import type { PostgresServer } from '../../store/postgres-server.ts';
import { statementsAbout } from './generated.ts';
import type { History, Judged, Published, Stage } from './history.ts';

/** One migration, tried with the statements of the version before it. */
export interface TriedStage {
  readonly name: string;
  readonly judged: Judged;
  /** Asked about the schema, and how many of them could be. */
  readonly asked: number;
  readonly provable: number;
  /** null: nothing that anybody would notice; what could not be asked is no notice. */
  readonly verdict: Verdict | null;
  readonly what: readonly string[];
  readonly unprovable: readonly string[];
}

/** Runs all of its migrations, and tries those that somebody has judged. */
export async function tryPublished(
  parser: Parser,
  server: PostgresServer,
  { histories }: Published,
): Promise<readonly TriedStage[]> {
  const tried: TriedStage[] = [];
  for (const history of histories) {
    const session = await connect({ url: await server.database() });
    try {
      tried.push(...(await tryHistory(parser, session, history)));
    } finally {
      await session.close();
    }
  }
  return tried;
}

async function tryHistory(
  parser: Parser,
  session: Session,
  history: History,
): Promise<readonly TriedStage[]> {
  const tried: TriedStage[] = [];
  let seeded: readonly string[] = [];
  for (const stage of history) {
    const sql = statementsOf(parser, { path: stage.name, text: stage.sql });
    if (stage.judged === null) await apply(session, sql, { path: stage.name, seeded });
    else {
      seeded = await seed(session);
      tried.push(await tryStage(parser, session, { ...stage, judged: stage.judged, seeded }));
    }
  }
  return tried;
}

async function tryStage(
  parser: Parser,
  session: Session,
  stage: Stage & { readonly judged: Judged; readonly seeded: readonly string[] },
): Promise<TriedStage> {
  const statements = stage.statements ?? (await statementsAbout(session, stage.sql));
  const baseline = await takeBaseline(parser, session, statements);
  const sql = statementsOf(parser, { path: stage.name, text: stage.sql });
  const { keptSeed } = await apply(session, sql, { path: stage.name, seeded: stage.seeded });
  if (!keptSeed) await seed(session);
  const felt = await compare(parser, session, baseline, { sameRows: keptSeed });
  const told = felt.filter(({ verdict }) => verdict !== 'unproven');
  return {
    name: stage.name,
    judged: stage.judged,
    asked: baseline.prepared.length + baseline.unprovable.length,
    provable: baseline.prepared.length,
    verdict: verdicts.find((each) => told.some((one) => one.verdict === each)) ?? null,
    what: [
      ...new Set(
        told.map(({ verdict, what, prepared }) => `${verdict}: ${what} ← ${prepared.sent.text.slice(0, 80)}`),
      ),
    ],
    unprovable: baseline.unprovable.map(
      ({ statement, refused }) => `${refused.message}: ${statement.text.slice(0, 100)}`,
    ),
  };
}
