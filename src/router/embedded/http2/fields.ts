import { nameByte, valueByte } from '../bytes.ts';

/**
 * Fields of HTTP/2 as lines of HTTP/1, and back. Everything that crosses is read by the parser of HTTP/1 afterwards, so
 * both protocols are held to one set of rules; what could make two lines of one is refused here, before it is one text.
 */

/** Those that speak of a connection: malformed in HTTP/2, whatever they say (RFC 9113 §8.2.2). */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Lower case, a token: then it is one name in HTTP/1 as well. */
export function isFieldName(name: string): boolean {
  if (name.length === 0) return false;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code > 0xff || nameByte[code] === 0 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return true;
}

/** No CR, LF, NUL or other control byte, and no blank at its ends (RFC 9113 §8.2.1). */
export function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 0xff || valueByte[code] === 0) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isOfConnections(name: string): boolean {
  return ofConnections.has(name);
}

/**
 * Names and values in turn, as field lines with CRLF; null when one is malformed. Pseudo-fields are left out.
 * @param raw as `node:http2` gives them, which are latin1
 */
export function toLines(raw: readonly string[]): string | null {
  let lines = '';
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name.startsWith(':')) continue;
    if (!isFieldName(name) || !isFieldValue(value) || isOfConnections(name)) return null;
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** A trailer's field lines, well-formed, as `node:http2` takes them. */
export function fromLines(lines: string): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) (fields[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim());
  }
  return fields;
}
