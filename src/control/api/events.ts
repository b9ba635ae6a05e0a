import type { Store } from '../../store/store.ts';
import type { EventView } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { endsWithin } from '../pause.ts';
import { eventView } from '../view/event.ts';

/** As many as a person reads; more by `before`. */
const defaultLimit = 50;
const mostLimit = 1000;
/** As many as are read at once for somebody who follows: a read holds up everybody for about a millisecond. */
const pageSize = 500;
/** Proxies cut what is silent for 30 or 60 s. */
const beatMs = 15_000;

export interface EventQuery {
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  readonly limit: number | undefined;
  readonly before: number | undefined;
}

/** How many at most are meant. */
export const limitOf = (limit: number | undefined): number => Math.min(limit ?? defaultLimit, mostLimit);

export async function recentEvents(store: Store, query: EventQuery): Promise<readonly EventView[]> {
  const limit = limitOf(query.limit);
  const before = query.before === undefined ? {} : { before: query.before };
  const events =
    query.apps === null
      ? await store.recent({ limit, ...before })
      : await Promise.all(query.apps.map((stream) => store.recent({ stream, limit, ...before })));
  return events
    .flat()
    .toSorted((a, b) => b.seq - a.seq)
    .slice(0, limit)
    .map(eventView);
}

export interface Following {
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  readonly after: number;
  /** How long it may be silent. */
  readonly beatMs?: number;
}

type Watched = Pick<Deps, 'apps' | 'store'>;

/** Every event after `after`, oldest first, and those to come until the signal is aborted. None is missed in between. */
export async function* followEvents(
  deps: Watched,
  following: Following,
  signal: AbortSignal,
): AsyncGenerator<EventView> {
  for await (const page of eventPages(deps, following, signal)) {
    for (const event of page) {
      if (signal.aborted) return;
      yield event;
    }
  }
}

/**
 * The same in pieces, as they are read from the store; an empty one after each time of silence. Nothing is held in memory for a client that reads
 * slowly: it is at some position, and what comes after that is read when it asks.
 */
async function* eventPages(
  { apps: all, store }: Watched,
  { apps, after, beatMs: silence = beatMs }: Following,
  signal: AbortSignal,
): AsyncGenerator<readonly EventView[]> {
  let news = Promise.withResolvers<void>();
  const wake = (): void => news.resolve();
  const [only, ...more] = apps ?? [];
  const stream = only === undefined || more.length > 0 ? {} : { stream: only };
  // Streams that begin with @ are the installation's own: nothing that happened to an app.
  const isShown = (app: string): boolean => (apps === null ? !app.startsWith('@') : apps.includes(app));
  const stop = all.listen((state) => {
    if (isShown(state.app)) wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  try {
    for (let last = after; !signal.aborted;) {
      // Before it is read: what comes while it is read wakes again.
      news = Promise.withResolvers();
      const page = await store.since({ after: last, limit: pageSize, ...stream });
      last = page.at(-1)?.seq ?? last;
      const shown = page.filter((event) => isShown(event.stream));
      if (shown.length > 0) yield shown.map(eventView);
      if (page.length === pageSize || signal.aborted) continue;
      if (!(await endsWithin(news.promise, silence))) yield [];
    }
  } finally {
    stop();
    signal.removeEventListener('abort', wake);
  }
}

/**
 * The same as server-sent events (HTML, 9.2): each with its position as id, so that a browser resumes by itself. It begins with where it is, also when
 * nothing happens; `gap` says that events were removed, or that the position is of another log.
 */
export async function* eventStream(
  deps: Watched,
  following: Following,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { after } = following;
  const end = await endOf(deps.store);
  const pruned = await deps.store.pruned();
  const from = Math.min(after, end);
  yield `retry: ${retryMs}\n`;
  if (from !== after || after < pruned)
    yield `event: gap\ndata: ${JSON.stringify({ after, pruned, end, says: gapSays(after, { pruned, end }) })}\n`;
  yield `id: ${from}\n\n`;
  for await (const page of eventPages(deps, { ...following, after: from }, signal)) {
    if (page.length === 0) yield ': still here\n\n';
    for (const event of page) yield `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}

/** When a browser tries again after a broken connection. */
const retryMs = 2000;

function gapSays(after: number, { pruned, end }: { readonly pruned: number; readonly end: number }): string {
  return after > end
    ? `there is no event ${after}: this log ends with ${end}; look at the state again`
    : `events up to ${pruned} have been removed; look at the state again`;
}

/** The position of the last event; what comes is after it. */
export async function endOf(store: Pick<Store, 'recent' | 'pruned'>): Promise<number> {
  const [newest] = await store.recent({ limit: 1 });
  return Math.max(newest?.seq ?? 0, await store.pruned());
}
