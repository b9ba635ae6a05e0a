import { createHmac } from 'node:crypto';
import type { Colour } from '../../release/state.ts';
import { headerValue } from './header-value.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Keeps a page together with the files it was built with. A browser that was given a page of one version asks for its scripts, styles, images
 * and fonts later, perhaps after a switch, and the next version has other ones. So a page comes with a cookie that names its version, and what
 * a page loads goes to that version as long as it is warm. Nothing else does: a page that is opened goes where everyone goes, and so do calls
 * of an API, which change data and must not meet a version that is no longer released.
 *
 * The value is a keyed hash of the version, made once per table: nobody can make one up, and it opens nothing but what the control plane
 * keeps warm (`AppTable.skew`). A browser has one such cookie for all its tabs: the page opened last says which version.
 */
export interface Skew {
  readonly cookie: string;
  /** By environment: what the cookie says of its version. */
  readonly values: Readonly<Record<Colour, string | null>>;
  /** Where old pages get their files. */
  readonly warm: Colour | null;
}

/** Names of ours begin so, whatever the app; none of them is passed on to an app. */
export const skewPrefix = 'teal-skew.';

const bytes = 16;

/** @param secret `key` is `AppTable.previewKey` (base64url): the NUL keeps its uses apart */
export function skewOf(
  { key, app }: { readonly key: string; readonly app: string },
  versions: Readonly<Record<Colour, string | null>>,
  warm: Colour | null,
): Skew {
  const secret = Buffer.from(key, 'base64url');
  const value = (version: string | null): string | null =>
    version === null
      ? null
      : createHmac('sha256', secret)
          .update(`skew\0${app}\0${version}`)
          .digest()
          .subarray(0, bytes)
          .toString('base64url');
  return {
    cookie: `${skewPrefix}${app}`,
    values: { blue: value(versions.blue), green: value(versions.green) },
    warm,
  };
}

/** What a page loads while it is open; `fetch` and XHR say `empty`, and a new page `document`. */
const ofPages: ReadonlySet<string> = new Set([
  'script',
  'style',
  'image',
  'font',
  'worker',
  'sharedworker',
  'audioworklet',
  'paintworklet',
  'audio',
  'video',
  'track',
  'xslt',
  'json',
]);

/** The warm environment, when the request is for a file of a page that came from there; null for all else. */
export function pinnedTo({ cookie, values, warm }: Skew, head: RequestHead): Colour | null {
  const value = warm === null ? null : values[warm];
  if (value === null || !has(head.cookie, cookie, value)) return null;
  if (head.method !== 'GET' && head.method !== 'HEAD') return null;
  if (head.fetchMode !== 'no-cors' && head.fetchMode !== 'cors' && head.fetchMode !== 'same-origin')
    return null;
  return ofPages.has(headerValue(head, 'sec-fetch-dest') ?? '') ? warm : null;
}

/** The Set-Cookie line, with CRLF, of an answer to who opens a page and was at another version before; else empty. */
export function skewLine(
  { cookie, values }: Skew,
  colour: Colour,
  head: RequestHead,
  secure: boolean,
): string {
  const value = values[colour];
  if (head.fetchMode !== 'navigate' || value === null || has(head.cookie, cookie, value)) return '';
  return `Set-Cookie: ${cookie}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}\r\n`;
}

/** A name is written once by us, but a host of the same domain can add another: any that is true counts. */
function has(field: string, name: string, value: string): boolean {
  let at = field.indexOf(name);
  while (at >= 0) {
    const end = at + name.length + 1 + value.length;
    const alone = at === 0 || field.charCodeAt(at - 1) === 0x20 || field.charCodeAt(at - 1) === 0x3b;
    const closed = end === field.length || field.charCodeAt(end) === 0x3b;
    if (alone && closed && field.startsWith(`=${value}`, at + name.length)) return true;
    at = field.indexOf(name, at + name.length);
  }
  return false;
}
