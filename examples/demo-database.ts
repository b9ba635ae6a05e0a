/**
 * A column gets another name while the version that knows the old one and the version that knows the new one both write it: expand,
 * a canary, the way back, undo, the same again, everybody, contract. Every write is kept account of by who has sent it.
 *
 *   npm run demo:database
 *   npm run demo:database -- --json     the story on stderr, and one line of JSON on stdout
 *
 * Exit code 1 when a request failed, a write was lost, or both columns differed in any row. Ctrl-C cleans up everything.
 */
import { parseArgs } from 'node:util';
import { makeHome } from './database/home.ts';
import { startDatabase } from './database/postgres.ts';
import { play } from './database/story.ts';
import { sum } from './database/sum.ts';
import { interruptible } from './demo/interruptible.ts';
import { Screen } from './demo/screen.ts';
import { Teal } from './demo/teal.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const screen = new Screen(values.json ? process.stderr : process.stdout);

await interruptible(screen, async (signal, started) => {
  const startedAt = performance.now();
  screen.line('Teal: two versions write the same table, and call its column differently.');
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await startDatabase());
  const home = await makeHome(database);
  stack.defer(() => home.remove());
  const teal = new Teal({ folder: home.folder, screen, signal });
  started(() => teal.hurry());
  stack.defer(() => teal.down());
  const facts = await play({ teal, screen, database, signal });
  screen.part('7  Ctrl-C for teal up: everything is drained and stopped');
  await teal.down();
  const { json, title, rows } = sum(facts, (performance.now() - startedAt) / 1000);
  screen.summary(title, rows);
  if (values.json) console.log(JSON.stringify(json));
  process.exitCode = title.good ? 0 : 1;
});
