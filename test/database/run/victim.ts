// A process that runs a phase, and kills itself at a thing told that nobody has come to before.
import { flushCompileCache } from 'node:module';
import type { Phase } from '../../../src/config/database.ts';
import type { RunEvent } from '../../../src/database/run/options.ts';
import { migration, run } from './migration.ts';

export interface Victim {
  readonly url: string;
  readonly name: string;
  readonly files: Partial<Record<Phase, string>>;
  readonly phase: Phase;
  /** Where others have been. */
  readonly survived: readonly string[];
  /** So many new ones are passed first. */
  readonly pass: number;
}

// At its end, which is when it is written otherwise, nobody is there any more.
flushCompileCache();
const { url, name, files, phase, survived, pass } = JSON.parse(process.argv[2] ?? '') as Victim;

/** The first two batches stand for all. */
let batches = 0;
const met = new Set(survived);
let passed = 0;
const pointOf = (event: RunEvent): string =>
  event.type === 'progress' ? `progress ${++batches}` : `${event.type} ${'step' in event ? event.step : ''}`;

await run(
  {
    url,
    batchMs: 20,
    tell: (event) => {
      const point = pointOf(event);
      if (event.type === 'notice' || batches > 2 || met.has(point)) return;
      met.add(point);
      process.stdout.write(`${point}\n`);
      if (passed++ < pass) return;
      process.kill(process.pid, 'SIGKILL');
    },
  },
  migration(name, files),
  phase,
);
