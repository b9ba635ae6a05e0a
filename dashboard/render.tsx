import { renderToString } from 'preact-render-to-string';
import type { Page } from '../src/control/dashboard/page.ts';
import { App, titleOf } from './app.tsx';
import { stopClock } from './live/clock.ts';

const signs: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

/** In a script element nothing may look like its end. */
const embedded = (page: Page): string =>
  JSON.stringify(page).replaceAll(/[<>&]/g, (sign) => signs[sign] ?? '');

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** A page as HTML: all that it shows, and what the browser needs to go on with it. */
export function render(page: Page): string {
  stopClock('at' in page ? page.at : 0);
  const { script, style, icon } = ASSETS;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escaped(titleOf(page))}</title>`,
    `<link rel="icon" href="${icon}" type="image/svg+xml">`,
    `<link rel="stylesheet" href="${style}">`,
    `<script type="module" src="${script}"></script></head>`,
    `<body><div id="root">${renderToString(<App page={page} />)}</div>`,
    `<script type="application/json" id="page">${embedded(page)}</script></body></html>`,
  ].join('');
}
