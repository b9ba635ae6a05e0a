/** Byte classes of RFC 9110 §5.5–5.6, as tables, so that the parser asks one array per byte. */

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const TAB = 9;
export const COLON = 58;

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * 0 for bytes that may not be in a field name; else the byte in lower case, with `_` as `-`: CGI-like gateways make
 * both into `_`, so a name and its underscore twin have to be recognised as one.
 */
export const nameByte: Uint8Array = new Uint8Array(256);
for (const character of tokenCharacters) {
  const lower = character === '_' ? '-' : character.toLowerCase();
  nameByte[character.charCodeAt(0)] = lower.charCodeAt(0);
}

/** 1 for bytes that may be in a field value: HTAB, SP, visible ASCII and obs-text; no NUL, CR, LF, DEL. */
export const valueByte: Uint8Array = new Uint8Array(256);
valueByte[TAB] = 1;
valueByte.fill(1, 0x20, 0x7f);
valueByte.fill(1, 0x80);

/** 1 for bytes that may be in a request target: visible ASCII without `#` (a fragment is never sent; RFC 9112 §3.2). */
export const targetByte: Uint8Array = new Uint8Array(256);
targetByte.fill(1, 0x21, 0x7f);
targetByte['#'.charCodeAt(0)] = 0;

/** The value of a hexadecimal digit, or 255. */
export const hexValue: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexValue[digit.charCodeAt(0)] = value;
  hexValue[digit.toUpperCase().charCodeAt(0)] = value;
}

/** What ends a head. */
export const headEnd: Buffer = Buffer.from('\r\n\r\n', 'latin1');
