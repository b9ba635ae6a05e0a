/** An app's own pages for answers that come from Teal, ready to be sent: UTF-8 as latin1, since heads are written so. */
export type ErrorPages = ReadonlyMap<string, string>;

const noPages: ErrorPages = new Map();

/** @param pages HTML by `maintenance`, a status, or `4xx` and `5xx` */
export function compilePages(pages: Readonly<Record<string, string>>): ErrorPages {
  const entries = Object.entries(pages);
  if (entries.length === 0) return noPages;
  return new Map(entries.map(([key, html]) => [key, Buffer.from(html).toString('latin1')]));
}

/** The nearest one: maintenance, the status, its class. A maintenance page is a 503 like any other when it has no page of its own. */
export function pageFor(pages: ErrorPages, status: number, code: string): string | null {
  if (pages.size === 0) return null;
  const special = code === 'maintenance' ? pages.get('maintenance') : undefined;
  return special ?? pages.get(`${status}`) ?? pages.get(`${Math.floor(status / 100)}xx`) ?? null;
}

const placeholder = /\{(request-id|status|code|message)\}/g;

/** Fills the placeholders. @param values as HTML, in ASCII */
export function fillPage(page: string, values: Readonly<Record<string, string>>): string {
  return page.replace(placeholder, (_all, name: string) => values[name] ?? '');
}
