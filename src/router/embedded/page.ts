import { dateLine } from './http-date.ts';
import type { ErrorPages } from './error-pages.ts';
import { fillPage, pageFor } from './error-pages.ts';

/**
 * Answers that come from Teal itself. They say so (`Server: teal`, `X-Teal-Error`), so that nobody looks for the
 * fault in the app; they hold nothing that an outsider may not know.
 */
export interface Page {
  readonly status: number;
  /** Stable, for machines. */
  readonly code: string;
  /** One sentence for people. */
  readonly says: string;
  readonly requestId: string;
  readonly json: boolean;
  /** Further header lines, each with CRLF. */
  readonly headers?: string;
  /** The app's own, when one is known. */
  readonly pages?: ErrorPages;
}

const reasons: Readonly<Record<number, string>> = {
  302: 'Found',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** Status line, headers and body as text. `connection` is the connection's own header lines. */
export function renderPage(page: Page, connection: string, withBody: boolean): string {
  const reason = reasons[page.status] ?? 'Error';
  const body = page.json ? jsonBody(page) : (ownBody(page) ?? htmlBody(page, reason));
  return (
    `HTTP/1.1 ${page.status} ${reason}\r\n` +
    'Server: teal\r\n' +
    `X-Teal-Error: ${page.code}\r\n` +
    (page.requestId === '' ? '' : `X-Request-Id: ${page.requestId}\r\n`) +
    (page.headers ?? '') +
    dateLine(Date.now()) +
    `Content-Type: ${page.json ? 'application/json' : 'text/html; charset=utf-8'}\r\n` +
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n` +
    'Cache-Control: no-store\r\n' +
    `${connection}\r\n${withBody ? body : ''}`
  );
}

/** Non-ASCII is escaped, so that the whole answer is one latin1 write. */
function jsonBody(page: Page): string {
  const text = JSON.stringify({ error: page.code, message: page.says, requestId: page.requestId });
  return `${text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function ownBody({ pages, status, code, says, requestId }: Page): string | null {
  const own = pages === undefined ? null : pageFor(pages, status, code);
  if (own === null) return null;
  const values = { 'request-id': requestId, status: `${status}`, code, message: says };
  const entries = Object.entries(values).map(([name, value]) => [name, asciiHtml(escapeHtml(value))]);
  return fillPage(own, Object.fromEntries(entries) as Record<string, string>);
}

function htmlBody(page: Page, reason: string): string {
  return asciiHtml(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${page.status} ${reason}</title>` +
      '<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em}small{color:#777}</style>' +
      `<h1>${page.status} ${reason}</h1><p>${escapeHtml(page.says)}</p>` +
      `<small>Teal router · ${escapeHtml(page.code)}${page.requestId === '' ? '' : ` · ${escapeHtml(page.requestId)}`}</small></html>\n`,
  );
}

function asciiHtml(html: string): string {
  return html.replace(/[^\p{ASCII}]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Whether the answer should be JSON: asked for, and HTML not. */
export function wantsJson(accept: string): boolean {
  return accept.includes('json') && !accept.includes('text/html');
}
