import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const host = process.env.HOST ?? '127.0.0.1';
export const port = Number(process.env.PORT ?? 3000);

/** Outside the version's folder: both environments and every version work on the same orders. */
export const queuePath = process.env.SHOP_DATA ?? join(tmpdir(), 'teal-shop', 'jobs.sqlite');
