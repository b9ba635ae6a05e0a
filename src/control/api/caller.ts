import type { Context } from 'hono';
import type { CallerEnv } from '../access/caller.ts';

/** What the guard has found out of a request; nothing where there is none. */
export const envOf = (c: Context): CallerEnv => (c.env as CallerEnv | undefined) ?? {};
