/**
 * Preloaded into every process of a Teal: the time of day is ahead of the machine's by what a file says, from the
 * moment it says so. What measures durations is left alone, as it is when somebody sets the clock of a machine.
 */
import { readFileSync } from 'node:fs';
import { clockVariable } from './clock.ts';

const file = process.env[clockVariable] ?? '';
const Real = globalThis.Date;
/** Reading the file for each question would change what is measured. */
const everyMs = 10;
let ahead = 0;
let readAt = -Infinity;

function aheadMs(): number {
  const now = performance.now();
  if (now - readAt < everyMs) return ahead;
  readAt = now;
  try {
    ahead = Number(readFileSync(file, 'latin1')) || 0;
  } catch {
    ahead = 0;
  }
  return ahead;
}

class Jumping extends Real {
  constructor(...args: readonly []) {
    if (args.length === 0) super(Real.now() + aheadMs());
    else super(...args);
  }

  static override now(): number {
    return Real.now() + aheadMs();
  }
}

globalThis.Date = Jumping as DateConstructor;
