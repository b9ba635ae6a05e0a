import { CR, LF, headEnd, nameByte } from './bytes.ts';
import type { RequestFault, RequestHead } from './request-head.ts';

/** Beyond what is wrong with a head: it is longer than allowed. */
export type HeadFault = RequestFault | 'head-too-long';

/**
 * Finds and reads the head at the beginning of what a client has sent; one empty line before it is skipped
 * (RFC 9112 §2.2).
 * @param searched how many bytes have been searched before, and hold no end of a head
 * @returns the position behind the head, which is then in `head`; null when more is needed; or the fault
 */
export function nextHead(
  held: Buffer,
  searched: number,
  head: RequestHead,
  headBytes: number,
): number | HeadFault | null {
  const start = held[0] === CR && held[1] === LF ? 2 : 0;
  const found = held.indexOf(headEnd, Math.max(start, searched - 3));
  if ((found < 0 ? held.length : found + 4) - start > headBytes) return 'head-too-long';
  if (found < 0) return earlyFault(held, start, head);
  return head.parse(held, start, found + 4) ?? found + 4;
}

/** What can be said of a head that is not complete: a bad start need not wait for the time-out. */
function earlyFault(held: Buffer, start: number, head: RequestHead): RequestFault | null {
  const first = held[start];
  if (first !== undefined && first !== CR && nameByte[first] === 0) return 'bad-request-line';
  const lineEnd = held.indexOf(LF, start);
  if (lineEnd < 0) return null;
  if (lineEnd === start || held[lineEnd - 1] !== CR) return 'bad-line-end';
  if (lineEnd === start + 1) return 'bad-request-line';
  const line = head.readLine(held, start, lineEnd + 1);
  if (typeof line === 'string') return line;
  for (let at = held.indexOf(LF, lineEnd + 1); at >= 0; at = held.indexOf(LF, at + 1)) {
    if (held[at - 1] !== CR) return 'bad-line-end';
  }
  return null;
}
