import type { Parser } from '../sql/parser.ts';
import { emptyCorpus, keyOf, type Corpus, type Statement } from './corpus.ts';
import { readCorpus, writeCorpus } from './corpus-file.ts';
import { Readings } from './readings.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

/** One look at pg_stat_statements. */
export interface Snapshot {
  readonly at: number;
  /** Counters since the server's statistics began, by role and statement. */
  readonly rows: readonly (Statement & { readonly id: string })[];
  /** When they began, and how often statements were thrown out since. */
  readonly resetAt: string;
  readonly thrownOut: number;
  /** Statements of others whose text may not be read. */
  readonly hidden: number;
}

/** What looks so far have counted. */
export interface Tally {
  readonly corpus: Corpus;
  readonly last: ReadonlyMap<string, number>;
  readonly resetAt: string | null;
  readonly thrownOut: number;
}

export const nothingCounted: Tally = { corpus: emptyCorpus, last: new Map(), resetAt: null, thrownOut: 0 };

/**
 * Adds a look to what was counted. A counter that went back has begun anew (the statement was thrown out and came again, or all were
 * reset), so all of it is new; what was counted before stays.
 */
export function count(tally: Tally, snapshot: Snapshot): Tally {
  const reset = tally.resetAt !== null && tally.resetAt !== snapshot.resetAt;
  const calls = new Map(tally.corpus.statements.map((each) => [keyOf(each), each]));
  for (const { id, ...row } of snapshot.rows) {
    const last = reset ? 0 : (tally.last.get(id) ?? 0);
    const more = row.calls >= last ? row.calls - last : row.calls;
    const before = calls.get(keyOf(row));
    calls.set(keyOf(row), { ...row, calls: (before?.calls ?? 0) + more });
  }
  const evicted = snapshot.thrownOut - (reset || tally.resetAt === null ? 0 : tally.thrownOut);
  const hidden = `${snapshot.hidden} statements of other roles may not be read: let the role that looks have pg_read_all_stats`;
  return {
    corpus: {
      statements: [...calls.values()],
      from: tally.corpus.from ?? snapshot.at,
      to: snapshot.at,
      evicted: tally.corpus.evicted + Math.max(0, evicted),
      resets: tally.corpus.resets + (reset ? 1 : 0),
      lost: snapshot.hidden > 0 ? [hidden] : tally.corpus.lost,
    },
    last: new Map(snapshot.rows.map(({ id, calls: counter }) => [id, counter])),
    resetAt: snapshot.resetAt,
    thrownOut: snapshot.thrownOut,
  };
}

const rowsSql = `SELECT s.userid || ' ' || s.queryid AS id, s.query AS text, s.calls::float8 AS calls, r.rolname::text AS role,
    (SELECT substr(c, 13) FROM pg_db_role_setting g, unnest(g.setconfig) c WHERE g.setrole IN (r.oid, 0)
       AND g.setdatabase IN (s.dbid, 0) AND c LIKE 'search\\_path=%' ORDER BY g.setrole = 0, g.setdatabase = 0 LIMIT 1) AS "searchPath"
  FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
  WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND coalesce((to_jsonb(s) ->> 'toplevel')::boolean, true) AND ($1::text[] IS NULL OR r.rolname = ANY ($1))`;

const infoSql = `SELECT dealloc::float8 AS "thrownOut", coalesce(stats_reset::text, '') AS "resetAt" FROM pg_stat_statements_info`;

export interface Look {
  /** Whose statements; null: everybody's. */
  readonly roles: readonly string[] | null;
  readonly now: number;
  /** What was read at earlier looks at the same server. */
  readonly readings?: Readings;
}

/** Looks at what the server has counted. @returns words why there is nothing to see */
export async function look(
  parser: Parser,
  session: Session,
  { roles, now, readings = new Readings() }: Look,
): Promise<Snapshot | string> {
  try {
    const [info] = await session.query<{ thrownOut: number; resetAt: string }>(infoSql);
    const rows = await session.query<Snapshot['rows'][number]>(rowsSql, [roles]);
    const readable = rows.filter(({ text }) => text !== '<insufficient privilege>');
    const read = await readings.read(
      parser,
      readable.map(({ text }) => text),
    );
    return {
      at: now,
      rows: readable.flatMap((row) => {
        const text = read.get(row.text) ?? null;
        return text === null ? [] : [{ ...row, text }];
      }),
      resetAt: info?.resetAt ?? '',
      thrownOut: info?.thrownOut ?? 0,
      hidden: rows.length - readable.length,
    };
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    return `pg_stat_statements tells nothing (${refused.message}): which statements are really sent, and how often, is not known. Put it into shared_preload_libraries and CREATE EXTENSION pg_stat_statements, or give files with statements`;
  }
}

/** All that one look has found; words why there was nothing to see: as what is lost. */
export function corpusOfLook(seen: Snapshot | string): Corpus {
  if (typeof seen === 'string') return { ...emptyCorpus, lost: [seen] };
  return { ...count(nothingCounted, seen).corpus, evicted: seen.thrownOut };
}

/** What was counted, as a file that a later look goes on with. */
export function writeTally({ corpus, last, resetAt, thrownOut }: Tally): string {
  return writeCorpus(corpus, { counters: Object.fromEntries(last), resetAt, thrownOut });
}

/** Goes on where a file has ended. A corpus that somebody has only exported counts from here on. @throws TealError `corpus-invalid` */
export function readTally(file: { readonly path: string; readonly text: string }): Tally {
  const corpus = readCorpus(file);
  const head = JSON.parse(file.text.split('\n', 1)[0] ?? '{}') as {
    counters?: Record<string, number>;
    resetAt?: string;
    thrownOut?: number;
  };
  return {
    corpus,
    last: new Map(Object.entries(head.counters ?? {})),
    resetAt: head.resetAt ?? null,
    thrownOut: head.thrownOut ?? 0,
  };
}
