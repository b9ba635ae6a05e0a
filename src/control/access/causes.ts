import { withoutTokens } from './secret-text.ts';

/** Deeper than libraries wrap their errors. */
const mostCauses = 5;
/** An issuer may describe an error at length. */
const mostCharacters = 300;

/**
 * What is behind an error, for the log. Of what an issuer has answered only what OAuth calls an error (RFC 6749, 5.2) is in it: all else that a library
 * keeps beside its errors may hold codes and tokens.
 */
export function causesOf(error: Error): readonly string[] {
  const found: string[] = [];
  for (let at = error.cause; at instanceof Error && found.length < mostCauses; at = at.cause) {
    const { message, code, error: what, error_description: description } = at as Error & Described;
    const words = [message, code, what, description].filter(
      (word) => typeof word === 'string' && word !== '',
    );
    found.push(withoutTokens(words.join(' · ').replaceAll(/[^\x20-\x7e·]/g, '?')).slice(0, mostCharacters));
  }
  return found;
}

interface Described {
  readonly code?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}
