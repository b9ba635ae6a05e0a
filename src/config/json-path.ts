/**
 * Paths into JSON (RFC 9535), without the functions `match` and `search`: a pattern that a document brings along
 * could hold the control plane up for as long as it likes.
 */
import { JSONPathEnvironment, JSONPathError } from 'json-p3';

const environment = new JSONPathEnvironment();
environment.functionRegister.delete('match');
environment.functionRegister.delete('search');

/** What is wrong with a path, and where (from 0); null when it can be used. */
export function pathMistake(path: string): { readonly what: string; readonly at: number } | null {
  try {
    environment.compile(path);
    return null;
  } catch (error) {
    if (!(error instanceof JSONPathError)) throw error;
    // The library ends its messages with the path and the place, which are told anyway.
    return { what: error.message.replace(/ \('.*$/s, ''), at: error.token.index };
  }
}

/** Every value that the path finds, in its order. @throws JSONPathError for a path that has a mistake */
export function valuesAt(path: string, document: unknown): readonly unknown[] {
  return environment.query(path, document as Parameters<typeof environment.query>[1]).values();
}
