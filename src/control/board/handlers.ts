import type { board as boardRoutes } from '../api/routes/board.ts';
import type { Handlers } from '../api/routes/routes.ts';
import { knows, type Caller } from '../access/caller.ts';
import type { Deps } from '../deps.ts';
import { known } from '../known.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { boardOf } from './board.ts';
import { releasesOf } from './history.ts';
import { overviewOf } from './overview.ts';

/** What the routes for pages do. */
export function boardHandlers(deps: Deps, traffic: Traffic): Pick<Handlers, keyof typeof boardRoutes> {
  return {
    overview: ({ caller }) => overviewOf(deps, traffic, shownTo(caller)),
    board: ({ params, caller, by }) =>
      boardOf(deps, params.app, { actor: by.actor, role: caller?.role ?? 'admin' }),
    traffic: async ({ params, query }) => traffic.of(known(deps, params.app).app, query.after),
    releases: async ({ params, query }) => await releasesOf(deps.store, known(deps, params.app).app, query),
  };
}

/** Which apps they may know of. */
export const shownTo =
  (caller: Caller | null) =>
  (app: string): boolean =>
    caller === null || knows(caller, app);
