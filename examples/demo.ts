/**
 * The whole of Teal in half a minute, on loopback, without root: a shop is updated under load, a bad version follows,
 * passes its tests, fails under traffic, and is taken back. Every request is counted.
 *
 *   npm run demo
 *   npm run demo -- --json     the story on stderr, and one line of JSON on stdout
 *
 * Exit code 1 when a request was lost or an order was not worked on exactly once. Ctrl-C cleans up everything.
 */
import { parseArgs } from 'node:util';
import { makeHome } from './demo/home.ts';
import { Screen } from './demo/screen.ts';
import { play } from './demo/story.ts';
import { sum } from './demo/sum.ts';
import { Teal } from './demo/teal.ts';

/** What shells report for a process ended by Ctrl-C. */
const interruptedExit = 130;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const screen = new Screen(values.json ? process.stderr : process.stdout);
const interrupt = new AbortController();

async function main(): Promise<void> {
  const startedAt = performance.now();
  screen.line('Teal: a shop gets a new version, then a bad one, while it is open.');
  let teal: Teal | null = null;
  takeSignals(() => teal?.hurry());
  const home = await makeHome();
  teal = new Teal(home, screen, interrupt.signal);
  try {
    const facts = await play({ teal, screen, home, signal: interrupt.signal });
    screen.part('5  Ctrl-C for teal up: everything is drained and stopped');
    await teal.down();
    const { json, title, rows } = sum(facts, (performance.now() - startedAt) / 1000);
    screen.summary(title, rows);
    if (values.json) console.log(JSON.stringify(json));
    process.exitCode = title.good ? 0 : 1;
  } finally {
    await teal.down().finally(() => home.remove());
  }
}

/** The first one ends the story, and what was started winds up; the second one makes it hurry. */
function takeSignals(hurry: () => void): void {
  const take = (): void => {
    if (interrupt.signal.aborted) return hurry();
    interrupt.abort();
    screen.line('\nCleaning up …');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, take);
  // A reader that has gone (`| head`) wants no more of the story.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort());
}

try {
  await main();
} catch (error) {
  process.exitCode = interrupt.signal.aborted ? interruptedExit : 1;
  if (!interrupt.signal.aborted) console.error(error instanceof Error ? error.message : error);
}
