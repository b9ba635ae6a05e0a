/** Which route a request is for: told by another way than the one that serves it. */
import { routeEntries, type RouteId } from '../../src/control/api/routes/routes.ts';

const table = routeEntries.map(([id, { method, path }]) => ({ id, method, parts: path.split('/') }));

/** Null: none, or the target is no path. */
export function routeAt(method: string, target: string): RouteId | null {
  const pathname = pathOf(target);
  if (pathname === null) return null;
  const asked = method === 'HEAD' ? 'GET' : method;
  const given = pathname.split('/');
  const fits = (parts: readonly string[]): boolean =>
    parts.length === given.length &&
    parts.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]));
  return table.find(({ method: wanted, parts }) => wanted === asked && fits(parts))?.id ?? null;
}

function pathOf(target: string): string | null {
  if (!target.startsWith('/')) return null;
  try {
    return new URL(`http://teal${target}`).pathname;
  } catch {
    return null;
  }
}
