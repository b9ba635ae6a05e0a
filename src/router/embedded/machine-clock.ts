/** Milliseconds that all processes of a machine agree on, from the one that `performance.now()` counts in: both read CLOCK_MONOTONIC. */
const begun = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const machineTime = (now: number): number => now + begun;
