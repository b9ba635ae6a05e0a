/**
 * Builds the dashboard into dist/dashboard: what browsers load, by names with the hash of what is in them, and the same components for
 * the server, which renders pages with them.
 *
 *   npm run dashboard:build                only when a source is newer than the build
 *   npm run dashboard:build -- --force
 */
import { parseArgs } from 'node:util';
import { freshDashboard } from './dashboard/build.ts';

const { values } = parseArgs({ options: { force: { type: 'boolean', default: false } } });
const { built, ms } = await freshDashboard({ force: values.force });
console.log(
  built ? `dist/dashboard was built in ${Math.round(ms)} ms` : 'dist/dashboard is as new as its sources',
);
