import { readFileSync } from 'node:fs';
import type { LocalFlags, Context, Result } from './shell/context.ts';

/** Prints which Teal this is, and what it runs on. */
export async function version(this: Context, _flags: LocalFlags): Promise<Result> {
  const facts = { version: ownVersion(), node: process.versions.node };
  return { json: facts, text: () => `teal ${facts.version} (node ${facts.node})` };
}

/** From package.json: two directories up, from src/cli and from dist/cli alike. */
export function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
