import type { ts as TS } from 'ts-morph';
import { TealError } from '../../errors.ts';

export type { ts as TS } from 'ts-morph';

/**
 * The compiler API that reads JavaScript and TypeScript; there after `loadSyntax`. One binding for all of `code/`: it is a
 * namespace of constants and pure functions, and every function here would have to pass it on.
 */
export let ts: typeof TS;

/**
 * Loads the parser, which is not part of Teal: only these commands need it, and it is larger than Teal.
 * @throws TealError `parser-missing`
 */
export async function loadSyntax(): Promise<void> {
  try {
    ts ??= (await import('ts-morph')).ts;
  } catch (cause) {
    throw new TealError('parser-missing', 'JavaScript and TypeScript cannot be read without ts-morph', {
      remedy: 'Install it beside Teal: npm install --save-dev ts-morph@28',
      details: { why: cause instanceof Error ? cause.message.split('\n')[0] : String(cause) },
      cause,
    });
  }
}
