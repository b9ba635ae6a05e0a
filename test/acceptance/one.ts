/** One scenario in a process of its own, so that what hangs or breaks in it touches no other: `node one.ts A1`. */
import { inspect } from 'node:util';
import { proofs } from './proofs.ts';

const id = process.argv[2] ?? '';
const proof = (await proofs()).get(id);
if (proof === undefined) throw new Error(`there is no proof of ${id}`);
try {
  await proof();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}\n`);
  process.exitCode = 1;
}
