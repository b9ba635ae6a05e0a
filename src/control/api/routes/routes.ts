import type { Handler, Route } from '../route.ts';
import { access } from './access.ts';
import { board } from './board.ts';
import { look } from './look.ts';
import { operate } from './operate.ts';
import { release } from './release.ts';
import { teal } from './teal.ts';

/**
 * The whole HTTP API as data: what is validated, mounted, documented (docs/openapi.json), asked for by role and fuzzed comes from here. The keys
 * are the names of the operations.
 */
export const routes = { ...look, ...board, ...release, ...operate, ...access, ...teal } as const;

export type RouteId = keyof typeof routes;

/** What does each. */
export type Handlers = { readonly [Id in RouteId]: Handler<(typeof routes)[Id]> };

export const routeEntries: readonly (readonly [RouteId, Route])[] = Object.entries(routes) as [
  RouteId,
  Route,
][];
