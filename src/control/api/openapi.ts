import { readFileSync } from 'node:fs';

interface Document {
  readonly openapi: string;
  readonly info: unknown;
  readonly paths: unknown;
}

let known: Document | null = null;

/** docs/openapi.json, which is made from the routes (`npm run openapi`); it lies as far up from src as from dist. */
export function openApi(): Document {
  known ??= JSON.parse(
    readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'),
  ) as Document;
  return known;
}
