import type { X509Certificate } from 'node:crypto';

/**
 * The header lines that tell an app who its client is by certificate. `X-Teal-Client-Verify` is always there, so that an
 * app can tell that it was asked: `ok`, `none` (nothing shown) or `failed`. Only after `ok` is anybody named.
 */
export function clientLines(shown: X509Certificate | undefined, authorized: boolean): string {
  if (shown === undefined) return 'X-Teal-Client-Verify: none\r\n';
  if (!authorized) return 'X-Teal-Client-Verify: failed\r\n';
  return (
    'X-Teal-Client-Verify: ok\r\n' +
    `X-Teal-Client-Subject: ${distinguishedName(shown.subject)}\r\n` +
    `X-Teal-Client-Serial: ${shown.serialNumber}\r\n` +
    `X-Teal-Client-Fingerprint: sha256:${shown.fingerprint256.replaceAll(':', '').toLowerCase()}\r\n`
  );
}

/**
 * Node's lines as one of RFC 4514: the most specific part first; what is not printable ASCII as its UTF-8 bytes in
 * hexadecimal. Node has escaped the special characters, line breaks among them, so no value can end a header line.
 */
export function distinguishedName(subject: string): string {
  return subject
    .split('\n')
    .reverse()
    .join(',')
    .replaceAll(/[^\x20-\x7e]/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    );
}
