/** How far the queue is: `queued` jobs are not done yet, `twice` is how often one was worked on more than once. */
export function jobCounts(path: string): { queued: number; done: number; twice: number };

/** When each worker took jobs (epoch ms), oldest first; `ended` is null for one that still does, or was killed. */
export function shifts(
  path: string,
): { worker: string; version: string; began: number; ended: number | null }[];
