/** Resolves after `ms`, or when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Whether the work ended within `ms`; its failure counts as an end, and is told by whoever else awaits it. */
export async function endsWithin(work: Promise<unknown>, ms: number, signal?: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const late = pause(ms, signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]));
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, late.then(() => false)]);
  } finally {
    over.abort();
  }
}
