import { readFileSync } from 'node:fs';

/** Teal's own version; package.json lies two folders up from src/config and from dist/config alike. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
