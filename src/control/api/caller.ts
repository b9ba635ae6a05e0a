import type { Context } from 'hono';
import type { Caller, CallerEnv } from '../access/caller.ts';

/** Who asks, as the guard has found out; null where there is none. */
export const callerOf = (c: Context): Caller | null => (c.env as CallerEnv | undefined)?.caller ?? null;
