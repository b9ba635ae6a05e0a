/** A statement that an environment really sends, without values: `$1` stands where they were. */
export interface Statement {
  readonly text: string;
  /** How often it was seen; a statement from a file counts once. */
  readonly calls: number;
  /** The role that sent it; null: not known, so rights are not looked at. */
  readonly role: string | null;
  /** Where that role looks for names, as `SET search_path` takes it; null: as the server does by default. */
  readonly searchPath: string | null;
}

/** The statements of one environment, with what is known to be missing. */
export interface Corpus {
  readonly statements: readonly Statement[];
  /** When it was looked at first and last, in ms since 1970; null: statements from files. */
  readonly from: number | null;
  readonly to: number | null;
  /** How often the server has thrown statements out to make room, while it was looked at. */
  readonly evicted: number;
  /** How often its statistics were reset meanwhile: what was counted before is kept, what came between is lost. */
  readonly resets: number;
  /** What else is missing, in words. */
  readonly lost: readonly string[];
}

export const emptyCorpus: Corpus = {
  statements: [],
  from: null,
  to: null,
  evicted: 0,
  resets: 0,
  lost: [],
};

/** What makes a statement the same one. */
export const keyOf = ({ text, role, searchPath }: Statement): string =>
  JSON.stringify([text, role, searchPath]);

/** One corpus of several; calls of the same statement are added up. */
export function mergeCorpora(corpora: readonly Corpus[]): Corpus {
  const statements = new Map<string, Statement>();
  for (const each of corpora.flatMap((corpus) => corpus.statements)) {
    const before = statements.get(keyOf(each));
    statements.set(
      keyOf(each),
      before === undefined ? each : { ...before, calls: before.calls + each.calls },
    );
  }
  const times = (pick: (corpus: Corpus) => number | null): readonly number[] =>
    corpora.map(pick).filter((time) => time !== null);
  const starts = times(({ from }) => from);
  const ends = times(({ to }) => to);
  return {
    statements: [...statements.values()],
    from: starts.length === 0 ? null : Math.min(...starts),
    to: ends.length === 0 ? null : Math.max(...ends),
    evicted: corpora.reduce((sum, { evicted }) => sum + evicted, 0),
    resets: corpora.reduce((sum, { resets }) => sum + resets, 0),
    lost: [...new Set(corpora.flatMap(({ lost }) => lost))],
  };
}
