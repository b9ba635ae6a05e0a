import { TealError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import type { Config } from '../../config/config.ts';
import { recentEvents } from '../api/events.ts';
import { problemResponse } from '../api/problem.ts';
import { statusOf, wholeStatus, type Looked } from '../api/status.ts';
import { Apps } from '../apps.ts';

export interface StandbyOptions {
  readonly config: Config;
  readonly reader: Store;
  readonly startedAt: number;
  readonly plane: Looked['plane'];
}

/**
 * What one who stands by says of the state while nobody leads: what the event log has. Of the router and the instances it knows nothing, as they are
 * the leader's. Null for everything else.
 */
export function standbyAnswers(options: StandbyOptions): (request: Request) => Promise<Response | null> {
  return async (request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET') return null;
    try {
      const said = await answerTo(url, options);
      return said === null ? null : Response.json(said);
    } catch (error) {
      if (!(error instanceof TealError)) throw error;
      return problemResponse(error);
    }
  };
}

async function answerTo(url: URL, options: StandbyOptions): Promise<object | null> {
  const { config, reader, startedAt, plane } = options;
  // Names of apps need no escapes.
  const [, app] = /^\/v1\/apps\/([\w-]+)$/.exec(url.pathname) ?? [];
  if (url.pathname === '/v1/events' && !url.searchParams.has('follow')) {
    const named = url.searchParams.get('app') ?? '';
    return await recentEvents(reader, {
      apps: named === '' ? null : [named],
      limit: number(url, 'limit'),
      before: number(url, 'before'),
    });
  }
  if (url.pathname === '/readyz') throw notReady();
  if (url.pathname !== '/v1/status' && app === undefined) return null;
  const looked: Looked = {
    config,
    apps: await Apps.load(reader, Date.now),
    platform: { instances: () => [] },
    router: { status: () => Promise.reject(new Error('the router is the leader’s')) },
    // Who leads works at them.
    migrations: { progress: () => null },
    plane,
  };
  return app === undefined ? await wholeStatus(looked, startedAt) : await statusOf(looked, app);
}

const notReady = (): TealError =>
  new TealError('not-ready', 'This control plane stands by, and nobody leads whom it can ask.', {
    remedy: 'see who leads: teal status',
  });

function number(url: URL, name: string): number | undefined {
  const value = Number(url.searchParams.get(name) ?? '');
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
