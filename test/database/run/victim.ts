// A process that runs a phase, and kills itself at the first thing told that nobody was killed at before.
import type { Phase } from '../../../src/database/lint/phase.ts';
import type { RunEvent } from '../../../src/database/run/options.ts';
import { migration, run } from './migration.ts';

export interface Victim {
  readonly url: string;
  readonly name: string;
  readonly files: Partial<Record<Phase, string>>;
  readonly phase: Phase;
  /** Where others were killed. */
  readonly survived: readonly string[];
}

const { url, name, files, phase, survived } = JSON.parse(process.argv[2] ?? '') as Victim;

/** The first two batches stand for all. */
let batches = 0;
const pointOf = (event: RunEvent): string =>
  event.type === 'progress' ? `progress ${++batches}` : `${event.type} ${'step' in event ? event.step : ''}`;

await run(
  {
    url,
    batchMs: 20,
    tell: (event) => {
      const point = pointOf(event);
      if (event.type === 'notice' || batches > 2 || survived.includes(point)) return;
      process.stdout.write(point);
      process.kill(process.pid, 'SIGKILL');
    },
  },
  migration(name, files),
  phase,
);
