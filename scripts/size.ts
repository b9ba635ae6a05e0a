/**
 * What a browser loads for the dashboard, gzipped: all of it stays within 60 KB, so that a page is there at once on a phone, too.
 *
 *   npm run size
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dashboardFolder, freshDashboard } from './dashboard/build.ts';

const most = 60 * 1024;

await freshDashboard();
const folder = join(dashboardFolder, 'assets');
const sizes = await Promise.all(
  (await readdir(folder)).map(
    async (name) => [name, gzipSync(await readFile(join(folder, name)), { level: 9 }).length] as const,
  ),
);
const all = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [name, size] of sizes) console.log(`${String(size).padStart(8)}  ${name}`);
console.log(`${String(all).padStart(8)}  of ${most} bytes`);
if (all > most) process.exitCode = 1;
