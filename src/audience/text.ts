/**
 * HTTP carries bytes. Routers hand header values on with one character for each byte (latin1); what people write is UTF-8.
 * Keys and values to compare with are text, so that every driver hashes the same bytes.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a header value as it came, or null when its bytes are no UTF-8: nobody wrote that. */
export function textOf(bytes: string): string | null {
  if (!hasHighBytes(bytes)) return bytes;
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

/** The header value that carries a text, one character for each byte. */
export function bytesOf(text: string): string {
  return hasHighBytes(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

function hasHighBytes(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return true;
  return false;
}

/** As long as a key of anybody may be; e-mail addresses end at 254. */
const longestKey = 256;

/** A key that says who somebody is: something, not too long, and without control characters. */
export function isKey(text: string): boolean {
  if (text.length === 0 || text.length > longestKey) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return false;
  }
  // A lone surrogate has no UTF-8: two different keys would be hashed alike.
  return text.isWellFormed();
}
