/**
 * Appends without end, as fast as it can, and says so only after each append has been acknowledged.
 * To be killed at any moment.  node appender.ts <file>
 */
import { writeSync } from 'node:fs';
import { SqliteStore } from '../../src/store/sqlite.ts';

const [, , file = ''] = process.argv;
const store = await SqliteStore.open(file);
const known = await store.read('shop');
let version = known.at(-1)?.version ?? 0;
for (let batch = 0; ; batch++) {
  const size = 1 + (batch % 3);
  const data = { batch: `${process.pid}-${batch}`, size, padding: 'x'.repeat((batch * 97) % 3000) };
  const events = Array.from({ length: size }, () => ({
    at: 1,
    actor: 'teal',
    reason: null,
    type: 'e',
    data,
  }));
  await store.append('shop', version, events);
  version += size;
  const generation = await store.nextGeneration();
  writeSync(1, `${version} ${generation}\n`);
}
