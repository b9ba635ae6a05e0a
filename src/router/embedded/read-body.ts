import type { BodyReader } from './body.ts';

/**
 * Reads what `data` holds of a request's body.
 * @param most bytes of content; null for any number
 * @returns where the body's part ends, and its trailer when it is done; or what is wrong
 */
export function readRequestBody(
  body: BodyReader,
  data: Buffer,
  most: number | null,
): { readonly end: number; readonly trailer: string } | 'bad-body' | 'body-too-large' {
  const end = body.decode(data, 0);
  const trailer = end >= 0 && body.done ? body.trailer() : '';
  if (end < 0 || trailer === null) return 'bad-body';
  if (most !== null && body.received > most) return 'body-too-large';
  return { end, trailer };
}
