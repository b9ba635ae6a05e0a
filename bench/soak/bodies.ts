/** Bodies that both ends know: a byte that is lost, doubled or from another body is seen. */
import { createHash } from 'node:crypto';

/** ASCII that does not repeat with a period of any buffer's size. */
function text(length: number, seed: number): string {
  let out = '';
  for (let index = 0; out.length < length; index += 1) out += `${(index * 7919 + seed) % 999_983} `;
  return out.slice(0, length);
}

export const largeBody: string = text(65_536, 1);

export interface Upload {
  readonly body: Buffer;
  /** For the app to compare with what has arrived. */
  readonly headers: Readonly<Record<string, string>>;
}

export const digest = (body: Buffer): string => createHash('sha1').update(body).digest('hex');

export function upload(bytes: number): Upload {
  const body = Buffer.from(text(bytes, bytes));
  return { body, headers: { 'x-digest': digest(body) } };
}
