import type { Store } from '../../store/store.ts';
import type { EventView } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { eventView } from '../view/event.ts';

/** As many as a person reads; more by `before`. */
const defaultLimit = 50;
const mostLimit = 1000;

export interface EventQuery {
  readonly app: string | undefined;
  readonly limit: number | undefined;
  readonly before: number | undefined;
}

export async function recentEvents(store: Store, query: EventQuery): Promise<readonly EventView[]> {
  const limit = Math.min(query.limit ?? defaultLimit, mostLimit);
  const events = await store.recent({
    limit,
    ...(query.app === undefined ? {} : { stream: query.app }),
    ...(query.before === undefined ? {} : { before: query.before }),
  });
  return events.map(eventView);
}

/** Every event after `after`, oldest first, and those to come until the signal is aborted. None is missed in between. */
export async function* followEvents(
  deps: Pick<Deps, 'apps' | 'store'>,
  { app, after }: { readonly app: string | undefined; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<EventView> {
  const waiting: EventView[] = [];
  let wake = (): void => undefined;
  const stop = deps.apps.listen((state, events) => {
    if (app !== undefined && state.app !== app) return;
    waiting.push(...events.map(eventView));
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    let last = after;
    for (const stored of (await storedEvents(deps.store, app)).filter(({ seq }) => seq > after)) {
      last = stored.seq;
      yield stored;
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

/** As far back as a follower may ask; whoever wants more reads the pages of the history. */
const followBack = 1000;

async function storedEvents(store: Store, app: string | undefined): Promise<readonly EventView[]> {
  const events = await store.recent({ limit: followBack, ...(app === undefined ? {} : { stream: app }) });
  return events.toReversed().map(eventView);
}
