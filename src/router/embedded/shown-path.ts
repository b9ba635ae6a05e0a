import { looksSecret } from '../../config/problem.ts';
import type { AccessLogQuery } from '../../config/router.ts';

/**
 * A request's target as the access log shows it. A preview token never appears, wherever a client put it: by its place,
 * and by its shape.
 */
export function shownPath(target: string, query: AccessLogQuery): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const shown = mark < 0 || query === 'none' ? path : `${path}?${shownQuery(target.slice(mark + 1), query)}`;
  const safe = shown.includes('.teal') ? shown.replaceAll(previewPlace, '$1…') : shown;
  return safe.includes('eyJ') ? safe.replaceAll(tokenShape, '…') : safe;
}

/** Also where slashes were doubled or escaped, and the router therefore saw no preview. */
const previewPlace = /(\.teal(?:[/\\]|%2f|%5c)+preview(?:[/\\]|%2f|%5c)+)[^/?&]+/gi;
/** base64url of JSON, a dot, and more: preview tokens, and JSON web tokens as well. */
const tokenShape = /eyJ[\w-]{8,}(?:\.|%2e)[\w.%-]+/gi;
/** Beyond the names that hold secrets in a configuration: those of OAuth, of signed links, and of sessions. */
const secretParameter =
  /(?:^|[_.-])(?:code|sig|signature|auth|authorization|session|sid|jwt|pwd|credentials?)$/i;

function shownQuery(query: string, how: Exclude<AccessLogQuery, 'none'>): string {
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return pair;
      const name = pair.slice(0, equals);
      const hide = how === 'names' || looksSecret(name) || secretParameter.test(name);
      return hide ? `${name}=…` : pair;
    })
    .join('&');
}
