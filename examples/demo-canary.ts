/**
 * A release in phases under load: staff by their tokens, the office by its addresses, a country, 5 %, a sign-off, 50 %,
 * everyone. Where each request of each person went is compared with a computation that shares nothing with Teal.
 *
 *   npm run demo:canary
 *   npm run demo:canary -- --json          the story on stderr, and one line of JSON on stdout
 *   npm run demo:canary -- --step 10000    how long each step lasts, in milliseconds; 4000 by default
 *
 * Exit code 1 when a request was lost, somebody was where they did not belong, or saw the old version after the new one.
 * Ctrl-C cleans up everything.
 */
import { parseArgs } from 'node:util';
import { check } from './canary/check.ts';
import { makeHome } from './canary/home.ts';
import { play } from './canary/story.ts';
import { sum } from './canary/sum.ts';
import { interruptible } from './demo/interruptible.ts';
import { Screen } from './demo/screen.ts';
import { Teal } from './demo/teal.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, step: { type: 'string', default: '4000' } },
});
const screen = new Screen(values.json ? process.stderr : process.stdout);

await interruptible(screen, async (signal, started) => {
  const startedAt = performance.now();
  screen.line('Teal: a shop gets a new version, a few people at a time.');
  const home = await makeHome(Math.max(1, Math.floor(Number(values.step)) || 1));
  const teal = new Teal({ folder: home.folder, screen, signal });
  started(() => teal.hurry());
  try {
    const { people, visits, history } = await play({ teal, screen, home, signal });
    screen.part('5  Ctrl-C for teal up: everything is drained and stopped');
    await teal.down();
    const checked = check(visits, history, home.provider.publicKey);
    const seconds = (performance.now() - startedAt) / 1000;
    const { json, title, rows } = sum(checked, people.length, seconds);
    screen.summary(title, rows);
    if (values.json) console.log(JSON.stringify(json));
    process.exitCode = title.good ? 0 : 1;
  } finally {
    await teal.down().finally(() => home.remove());
  }
});
