import { isDeepStrictEqual } from 'node:util';
import type { App } from '../config/config.ts';

/** Whether two apps are written alike: in whatever order their keys were read back from the event log. */
export const sameSettings = (known: App | null, written: App): boolean =>
  // A key that is undefined does not come back from the log.
  known !== null && isDeepStrictEqual(known, JSON.parse(JSON.stringify(written)));
