let second = Number.NaN;
let line = '';

/** The header line for a time in milliseconds, with CRLF (RFC 9110 §5.6.7). Made once a second, not once a response. */
export function dateLine(now: number): string {
  const at = Math.floor(now / 1000);
  if (at !== second) {
    second = at;
    line = `Date: ${new Date(at * 1000).toUTCString()}\r\n`;
  }
  return line;
}
