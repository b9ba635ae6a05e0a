import { dateLine } from './http-date.ts';
import { field, fieldCount } from './known-fields.ts';
import { isListed, keptFields, nameOf } from './rewrite-request.ts';
import type { ResponseHead } from './response-head.ts';

/** The head that goes to the client: the app's fields without the hop-by-hop ones, and framing of our own. */

const dropped = new Uint8Array(fieldCount);
for (const name of [
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'upgrade',
  'te',
] as const) {
  dropped[field[name]] = 1;
}

/** @param own framing and connection lines, each with CRLF */
export function rewriteResponse(head: ResponseHead, own: string): string {
  const kept = keptFields(head, (index) => drops(head, index));
  return `HTTP/1.1 ${head.status}${head.reason || ' '}\r\n${kept}${isDated(head) ? '' : dateLine(Date.now())}${own}\r\n`;
}

/** A final response that says no date is given that of its arrival (RFC 9110 §6.6.1). */
function isDated(head: ResponseHead): boolean {
  if (head.status < 200) return true;
  const { id, count } = head.fields;
  for (let index = 0; index < count; index++) {
    if (id[index] === field.date) return true;
  }
  return false;
}

/** What only Teal says. */
const ours: ReadonlySet<string> = new Set(['x-teal-error', 'x-teal-version']);

/** Whether this field of the app's does not go to the client as it came. */
export function drops(head: ResponseHead, index: number): boolean {
  const id = head.fields.id[index] as number;
  if (dropped[id] === 1) return true;
  if (head.listed.length > 0 && isListed(head, index)) return true;
  if (id !== 0) return false;
  const first = head.text.charCodeAt((head.fields.nameStart[index] as number) - head.base) | 0x20;
  // An app that said it itself would make people look for the fault in the wrong layer.
  return first === 0x78 && ours.has(nameOf(head, index));
}
