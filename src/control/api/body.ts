import type { Context } from 'hono';
import { readJson } from './read-json.ts';

/** The JSON of a request; nothing is `{}`. @throws TealError `usage`, `body-too-large`, `unsupported-media-type` … */
export const bodyOf = (c: Context): Promise<unknown> => readJson(c.req.raw);
