import type { Database } from '../drivers.ts';
import { hasRun } from './has-run.ts';
import { lintNote } from './lint.ts';
import { withMigration } from './ready.ts';
import { run } from './run.ts';

/** What lies in versions, and the server that teal.yaml names. */
export const database: Database = { withMigration, lintNote, runPhase: run, hasRun };
