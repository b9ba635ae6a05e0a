import { timingSafeEqual } from 'node:crypto';

/** What a browser says of where a request comes from. */
export interface Told {
  readonly method: string;
  readonly origin: string | null;
  readonly fetchSite: string | null;
  readonly token: string | null;
}

/** What it has to be. */
export interface Wanted {
  /** Of the control plane, as people reach it. */
  readonly origin: string;
  readonly token: string;
}

/**
 * Why a request with a session's cookie is not one of its own page, or null when it is. Two things have to hold: the
 * browser says that the page is ours (Fetch Metadata, else Origin, which no script can set), and the request carries
 * what only a page that may read our answers can know. Reading changes nothing, and is not asked.
 */
export function foreign(told: Told, wanted: Wanted): string | null {
  if (told.method === 'GET' || told.method === 'HEAD') return null;
  if (told.fetchSite !== null && told.fetchSite !== 'same-origin')
    return `it came from a ${told.fetchSite} page`;
  if (told.origin !== null && told.origin !== wanted.origin) return `it came from ${told.origin}`;
  if (told.fetchSite === null && told.origin === null) return 'the browser does not say where it came from';
  return same(told.token, wanted.token) ? null : 'x-teal-csrf is not that of the session';
}

function same(told: string | null, wanted: string): boolean {
  if (told === null) return false;
  const [a, b] = [Buffer.from(told), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
