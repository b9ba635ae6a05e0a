/**
 * What every answer to somebody elsewhere says to browsers: show it in no frame, guess no type, send no referrer, keep
 * nothing. An answer that says something itself (a page with its own scripts) is asked only not to be framed.
 */
const always: readonly (readonly [string, string])[] = [
  ['x-frame-options', 'DENY'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
];
const unlessSaid: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  [
    'content-security-policy',
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  ],
];

/** Of pages for people: scripts and styles are files of ours; nothing else runs, is loaded, or is asked. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The same answer with them. */
export function guardedAnswer(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of always) headers.set(name, value);
  for (const [name, value] of unlessSaid) if (!headers.has(name)) headers.set(name, value);
  const policy = headers.get('content-security-policy') ?? '';
  if (!/frame-ancestors/.test(policy))
    headers.set('content-security-policy', `${policy}; frame-ancestors 'none'`);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
