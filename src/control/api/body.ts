import type { Context } from 'hono';
import { TealError } from '../../errors.ts';

/** The JSON of a request; nothing is `{}`. @throws TealError `usage` */
export async function bodyOf(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TealError('usage', 'The body is not JSON.', { remedy: 'send JSON, or nothing', cause });
  }
}
