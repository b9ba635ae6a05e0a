/**
 * The dashboard in a real browser, before a real Teal that releases a real shop under load.
 *
 *   npm run test:browser
 *
 * Without Chromium it says so and fails: nothing was proved then.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { chromiumPath, needChromium } from './stage.ts';

const root = dirname(dirname(import.meta.dirname));

try {
  needChromium();
} catch (error) {
  console.error(`THE DASHBOARD WAS NOT TESTED: ${(error as Error).message}`);
  process.exit(1);
}
console.error(`with ${chromiumPath}`);
const files = globSync('test/browser/*.browser.ts', { cwd: root }).toSorted();
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...files], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
