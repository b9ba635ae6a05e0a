/**
 * Reads one cookie out of a Cookie header (RFC 6265 §5.4), as it came: no decoding, no quotes taken off, since the router's drivers
 * have to agree on bytes. Names are compared letter by letter.
 */

/** Every value of a cookie of this name, in order, `most` at most: a header can hold thousands. */
export function cookieValues(header: string, name: string, most: number): readonly string[] {
  // Most requests have none: one quick search tells.
  let at = header.indexOf(name);
  if (at < 0) return none;
  const found: string[] = [];
  while (at >= 0 && found.length < most) {
    const value = valueAt(header, at, name.length);
    if (value !== null) found.push(value);
    at = header.indexOf(name, at + name.length);
  }
  return found;
}

const none: readonly string[] = [];

/** The value when the name at `at` stands alone before an equals sign, else null. */
function valueAt(header: string, at: number, length: number): string | null {
  if (!startsPair(header, at)) return null;
  let equals = at + length;
  while (isBlank(header.charCodeAt(equals))) equals++;
  if (header.charCodeAt(equals) !== 0x3d) return null;
  const semicolon = header.indexOf(';', equals);
  return header.slice(equals + 1, semicolon < 0 ? header.length : semicolon).trim();
}

function startsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === 0x3b;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * The value of an unsigned cookie, or null. Sent twice it does not count: servers differ on which of the two they read, and another
 * host of the same domain can add one.
 */
export function theCookie(header: string, name: string): string | null {
  const values = cookieValues(header, name, 2);
  return values.length === 1 ? (values[0] ?? null) : null;
}
