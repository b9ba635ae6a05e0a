import { sabotageVariable } from './sabotage/patch.ts';

/**
 * Longer than anything takes on a busy machine with two cores; only a failure waits that long. What is sabotaged is
 * meant to fail.
 */
export const longPatienceMs = 30_000;
const patienceMs = process.env[sabotageVariable] === undefined ? longPatienceMs : 12_000;
const pollMs = 15;

export interface Patience {
  readonly patienceMs?: number;
  /** So many times the usual one: for what has to wait until a machine is quiet again. */
  readonly times?: number;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is neither null nor false. @throws Error that says what never happened, and the last `state` */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | false> | T | null | false,
  options: Patience & { readonly state?: () => unknown } = {},
): Promise<T> {
  const deadline = performance.now() + (options.patienceMs ?? (options.times ?? 1) * patienceMs);
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) {
      const state = options.state === undefined ? '' : `; last seen: ${JSON.stringify(options.state())}`;
      throw new Error(`never happened: ${what}${state}`);
    }
    await sleep(pollMs);
  }
}
