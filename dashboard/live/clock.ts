import { signal } from '@preact/signals';

/** By the clock of the control plane, in milliseconds since the epoch: ages do not depend on the browser's clock. */
export const now = signal(0);

const everyMs = 1000;

/** Goes on from when the page was made. */
export function startClock(at: number): void {
  const begun = performance.now();
  now.value = at;
  setInterval(() => (now.value = at + performance.now() - begun), everyMs);
}

/** On the server a page is of one moment. */
export function stopClock(at: number): void {
  now.value = at;
}
