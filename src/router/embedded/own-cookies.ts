import { idCookie, releaseCookie } from '../../audience/signed.ts';
import { skewPrefix } from './skew.ts';
import { stickyPrefix } from './sticky.ts';

/** Holds the token of a preview that was opened by its link. */
export const previewCookie = 'teal-preview';
/** What all cookies of ours begin with; an app never sees them. */
const ownCookiePrefix = 'teal-';
const ownCookies: ReadonlySet<string> = new Set([previewCookie, idCookie, releaseCookie]);

/** The cookies without the router's own: tokens are nothing the app should see. Empty when none is left. */
export function withoutOwnCookies(cookie: string): string {
  // What lies between two of ours is kept as one piece: splitting a header of many cookies costs more than all else that is done to it.
  const kept: string[] = [];
  let from = 0;
  let at = cookie.indexOf(ownCookiePrefix);
  while (at >= 0) {
    const start = cookie.lastIndexOf(';', at) + 1;
    const semicolon = cookie.indexOf(';', at);
    const end = semicolon < 0 ? cookie.length : semicolon;
    if (isOwn(splitCookie(cookie.slice(start, end))[0])) {
      if (start > from) kept.push(cookie.slice(from, start - 1));
      from = end + 1;
    }
    at = cookie.indexOf(ownCookiePrefix, end);
  }
  if (from <= cookie.length) kept.push(cookie.slice(from));
  return kept.join(';').trim();
}

const isOwn = (name: string): boolean =>
  ownCookies.has(name) || name.startsWith(stickyPrefix) || name.startsWith(skewPrefix);

/** Whether there may be one to take out: quick to say for most requests. */
export function hasOwnCookie(cookie: string): boolean {
  return cookie.includes(ownCookiePrefix);
}

/** Name and value. */
export function splitCookie(part: string): readonly [string, string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part.trim(), ''] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
}
