import { createHmac } from 'node:crypto';
import type { EndpointState } from './endpoint.ts';

/**
 * A cookie that brings a client back to the instance it had before, as long as that is there. Its value is a keyed hash
 * of the instance's id, made once per table: a request costs one look into a map, and a value that we did not make
 * finds nothing. Each table knows only the values of its own endpoints, and the map of an environment only those of
 * that environment, so a cookie never leads into another one.
 */
export interface Sticky {
  readonly cookie: string;
  readonly homes: ReadonlyMap<string, EndpointState>;
  readonly values: ReadonlyMap<EndpointState, string>;
}

/** Names of ours begin so, whatever the app and role; none of them is passed on to an app. */
export const stickyPrefix = 'teal-sticky.';

/** 128 bits: as hard to guess as can be, and short in every request. */
const bytes = 16;

/** @param secret `key` is `AppTable.previewKey` (base64url): the NUL keeps the two uses apart, since no token has one */
export function stickyOf(
  { key, app, role }: { readonly key: string; readonly app: string; readonly role: string },
  endpoints: readonly EndpointState[],
): Sticky {
  const secret = Buffer.from(key, 'base64url');
  const values = new Map(
    endpoints.map((endpoint) => {
      const hash = createHmac('sha256', secret).update(`sticky\0${app}\0${role}\0${endpoint.id}`).digest();
      return [endpoint, hash.subarray(0, bytes).toString('base64url')] as const;
    }),
  );
  const homes = new Map([...values].map(([endpoint, value]) => [value, endpoint]));
  return { cookie: `${stickyPrefix}${app}.${role}`, homes, values };
}

/** Where the client of this Cookie field has been before; null when that is not known here (any more). */
export function homeOf({ cookie, homes }: Sticky, field: string): EndpointState | null {
  if (!field.includes(cookie)) return null;
  for (const part of field.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== cookie) continue;
    const home = homes.get(part.slice(equals + 1).trim());
    if (home !== undefined) return home;
  }
  return null;
}

/** The Set-Cookie line, with CRLF. It lasts as long as the browser does: an instance lasts hardly longer. */
export function stickyLine({ cookie, values }: Sticky, endpoint: EndpointState, secure: boolean): string {
  const value = values.get(endpoint);
  if (value === undefined) return '';
  return `Set-Cookie: ${cookie}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}\r\n`;
}
