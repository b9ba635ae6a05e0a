import type { Store } from '../../store/store.ts';
import type { EventView } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { eventView } from '../view/event.ts';

/** As many as a person reads; more by `before`. */
const defaultLimit = 50;
const mostLimit = 1000;

export interface EventQuery {
  /** Null: every app. */
  readonly apps: readonly string[] | null;
  readonly limit: number | undefined;
  readonly before: number | undefined;
}

export async function recentEvents(store: Store, query: EventQuery): Promise<readonly EventView[]> {
  const limit = Math.min(query.limit ?? defaultLimit, mostLimit);
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

/** Every event after `after`, oldest first, and those to come until the signal is aborted. None is missed in between. */
export async function* followEvents(
  deps: Pick<Deps, 'apps' | 'store'>,
  { apps, after }: { readonly apps: readonly string[] | null; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<EventView> {
  const waiting: EventView[] = [];
  let wake = (): void => undefined;
  const stop = deps.apps.listen((state, events) => {
    if (apps !== null && !apps.includes(state.app)) return;
    waiting.push(...events.map(eventView));
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    let last = after;
    for (const event of await eventsAfter(deps.store, apps, after)) {
      if (signal.aborted) return;
      last = event.seq;
      yield event;
    }
    while (!signal.aborted) {
      for (const event of waiting.splice(0)) if (event.seq > last) yield event;
      if (signal.aborted || waiting.length > 0) continue;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
  }
}

/** All there is after a position, oldest first, read page by page. */
async function eventsAfter(
  store: Store,
  apps: readonly string[] | null,
  after: number,
): Promise<readonly EventView[]> {
  const found: EventView[] = [];
  for (let before: number | undefined; ;) {
    const page = await recentEvents(store, { apps, limit: mostLimit, before });
    const newer = page.filter(({ seq }) => seq > after);
    found.push(...newer);
    before = page.at(-1)?.seq;
    if (newer.length < mostLimit) return found.toReversed();
  }
}
