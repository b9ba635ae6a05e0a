/**
 * The whole of Teal in half a minute, on loopback, without root: a shop is updated under load, a bad version follows,
 * passes its tests, fails before a tenth of the people, is caught by the judge, and repaired. Every request is counted.
 *
 *   npm run demo
 *   npm run demo -- --open     with the dashboard: its link comes first, and after the story everything stays until Ctrl-C
 *   npm run demo -- --json     the story on stderr, and one line of JSON on stdout
 *
 * Exit code 1 when a request was lost or an order was not worked on exactly once. Ctrl-C cleans up everything.
 */
import { parseArgs } from 'node:util';
import { freshDashboard } from '../scripts/dashboard/build.ts';
import { openDashboard, untilLeft } from './demo/dashboard.ts';
import { makeHome } from './demo/home.ts';
import { interruptible } from './demo/interruptible.ts';
import { Screen } from './demo/screen.ts';
import { play } from './demo/story.ts';
import { sum } from './demo/sum.ts';
import { Teal } from './demo/teal.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, open: { type: 'boolean', default: false } },
});
const screen = new Screen(values.json ? process.stderr : process.stdout);

await interruptible(screen, async (signal, started) => {
  const startedAt = performance.now();
  screen.line('Teal: a shop gets a new version, then a bad one, while it is open.');
  const home = await makeHome();
  const teal = new Teal({ folder: home.folder, screen, signal });
  started(() => teal.hurry());
  try {
    // Whoever follows the link before it is built loads the page again.
    const building = values.open ? freshDashboard() : null;
    const opened = values.open ? await openDashboard({ teal, home, screen, signal }) : undefined;
    await building;
    const facts = await play({ teal, screen, home, signal }, opened);
    if (values.open) await untilLeft(screen, signal);
    screen.part('5  Ctrl-C for teal up: everything is drained and stopped');
    await teal.down();
    const { json, title, rows } = sum(facts, (performance.now() - startedAt) / 1000);
    screen.summary(title, rows);
    if (values.json) console.log(JSON.stringify(json));
    process.exitCode = title.good ? 0 : 1;
  } finally {
    await teal.down().finally(() => home.remove());
  }
});
