/** Who has sent what a server has counted: pure. */
import type { DatabasePolicy } from '../../config/database.ts';
import { count, nothingCounted, type Snapshot } from '../../database/prove/collect.ts';
import { emptyCorpus, mergeCorpora, type Corpus } from '../../database/prove/corpus.ts';
import type { AppState, Colour } from '../../release/state.ts';

/** The version in each environment. */
export type Running = Readonly<Record<Colour, string | null>>;

export const runningIn = ({ environments: { blue, green } }: Pick<AppState, 'environments'>): Running => ({
  blue: blue?.version ?? null,
  green: green?.version ?? null,
});

/** How far the counting is, as of the last look. */
export interface Counting {
  readonly at: number;
  readonly running: Running;
  /** Since when one version is the only one; null: it is not. */
  readonly aloneSince: number | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly resetAt: string | null;
  readonly thrownOut: number;
}

export interface Looked {
  readonly snapshot: Snapshot;
  readonly running: Running;
  readonly live: Colour | null;
  readonly roles: DatabasePolicy['roles'];
  /** A role whose statements are not the app's, since Teal itself was at work with it; null: none is. */
  readonly without: string | null;
}

export interface Shared {
  readonly counting: Counting;
  /** What each version has sent since the last look. */
  readonly sent: ReadonlyMap<string, Corpus>;
}

/**
 * Divides what was counted since the last look among the versions: by the role of the environment they run in, or, without roles, only
 * while one version is alone, since nothing tells them apart then. What was counted before the first look is the live version's.
 */
export function share(before: Counting | null, looked: Looked): Shared {
  const { snapshot, running } = looked;
  const tally = count(
    before === null
      ? nothingCounted
      : {
          corpus: emptyCorpus,
          last: new Map(Object.entries(before.counters)),
          resetAt: before.resetAt,
          thrownOut: before.thrownOut,
        },
    snapshot,
  );
  const news: Corpus = {
    ...tally.corpus,
    from: before?.at ?? snapshot.at,
    statements: tally.corpus.statements.filter(
      ({ calls, role }) => calls > 0 && (looked.without === null || role !== looked.without),
    ),
  };
  const only = onlyOne(running);
  const wasAlone = before !== null && only !== null && onlyOne(before.running) === only;
  return {
    counting: {
      at: snapshot.at,
      running,
      aloneSince: only === null ? null : wasAlone ? (before.aloneSince ?? snapshot.at) : snapshot.at,
      counters: Object.fromEntries(tally.last),
      resetAt: tally.resetAt,
      thrownOut: tally.thrownOut,
    },
    sent: divided(before, news, looked),
  };
}

function divided(
  before: Counting | null,
  news: Corpus,
  { running, live, roles }: Looked,
): ReadonlyMap<string, Corpus> {
  if (roles === null || roles.blue === roles.green) {
    const first = before === null && live !== null ? running[live] : null;
    const only = before !== null && onlyOne(before.running) === onlyOne(running) ? onlyOne(running) : first;
    return only === null ? new Map() : new Map([[only, news]]);
  }
  const sent = new Map<string, Corpus>();
  for (const colour of ['blue', 'green'] as const) {
    // Who was there at the last look has sent it: what has come since has a look of its own, while its place is empty.
    const version = before?.running[colour] ?? running[colour];
    if (version === null) continue;
    const own = { ...news, statements: news.statements.filter(({ role }) => role === roles[colour]) };
    sent.set(version, mergeCorpora([sent.get(version) ?? own, ...(sent.has(version) ? [own] : [])]));
  }
  return sent;
}

/** The version that is alone; null: none is there, or two. */
export function onlyOne({ blue, green }: Running): string | null {
  return blue === null || green === null || blue === green ? (blue ?? green) : null;
}
