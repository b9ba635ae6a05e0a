import type { CompiledApp, CompiledRoute, CompiledTable } from './compiled-table.ts';

/**
 * Finds the route of a request: exact host, then the longest wildcard, then any host; within each, the longest path
 * prefix on segment borders. Where a more specific host has no route for the path, the next less specific one is asked.
 * @param host the Host header, port and case as the client sent them
 * @param target the request target; its query is ignored
 */
export function lookup(table: CompiledTable, host: string, target: string): CompiledRoute | null {
  const name = hostName(host);
  const path = pathOf(target);
  const exact = table.exact.get(name);
  if (exact !== undefined) {
    const found = longest(exact, path);
    if (found !== null) return found;
  }
  if (table.wildcard.size > 0) {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const routes = table.wildcard.get(name.slice(dot + 1));
      const found = routes === undefined ? null : longest(routes, path);
      if (found !== null) return found;
    }
  }
  return longest(table.any, path);
}

/** The route within one app, for requests that name the app by a preview token and come by any host. */
export function lookupIn(app: CompiledApp, target: string): CompiledRoute | null {
  return longest(app.routes, pathOf(target)) ?? app.routes.at(-1) ?? null;
}

/** In lower case, without port and final dot. */
export function hostName(host: string): string {
  let end = host.length;
  if (host.charCodeAt(0) === 0x5b) {
    end = host.indexOf(']') + 1;
  } else {
    const colon = host.indexOf(':');
    if (colon >= 0) end = colon;
  }
  if (host.charCodeAt(end - 1) === 0x2e) end--;
  return host.slice(0, end).toLowerCase();
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** Routes come longest path first. */
function longest(routes: readonly CompiledRoute[], path: string): CompiledRoute | null {
  for (const route of routes) {
    const prefix = route.path;
    if (
      path.startsWith(prefix) &&
      (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)
    ) {
      return route;
    }
    if (prefix === '') return route;
  }
  return null;
}
