/** Entry of a process that simulates: its clocks are the simulation's. It is told seeds, and tells what became of them. */
import { simulate, type Outcome } from './simulate.ts';
import { install } from './world/time.ts';

/** What a worker is asked. */
export interface Task {
  readonly seeds: readonly number[];
  readonly faults: boolean;
}

/** What it answers. */
export interface Done {
  readonly seeds: number;
  readonly steps: number;
  readonly events: number;
  /** Simulated. */
  readonly seconds: number;
  /** Of those in which something does not hold. */
  readonly broken: readonly Outcome[];
}

install();
// Errors are made by the thousand; where they come from is asked of the one seed that fails.
Error.stackTraceLimit = 0;
// Like a process that dies without a word: whoever asked sees its exit.
process.on('unhandledRejection', (error) => {
  throw error;
});
process.on('message', (task: Task) => void answer(task));
process.on('disconnect', () => process.exit(0));

async function answer(task: Task): Promise<void> {
  const done = await work(task);
  process.send?.(done);
}

async function work({ seeds, faults }: Task): Promise<Done> {
  const outcomes: Outcome[] = [];
  for (const seed of seeds) outcomes.push(await simulate(seed, { faults }));
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((all, one) => all + of(one), 0);
  return {
    seeds: outcomes.length,
    steps: sum(({ steps }) => steps),
    events: sum(({ events }) => events),
    seconds: sum(({ seconds }) => seconds),
    broken: outcomes.filter(({ violations }) => violations.length > 0),
  };
}
