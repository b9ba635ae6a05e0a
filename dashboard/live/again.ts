/**
 * Runs it every so often, one after the other, and not while nobody sees the page.
 * @param soonMs several events come at once: they are looked at once
 * @returns runs it soon, and ends it
 */
export function again(
  run: () => Promise<void>,
  everyMs: number,
  soonMs = 120,
): { readonly soon: () => void; readonly end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let running = false;
  let wanted = false;
  const plan = (ms: number): void => {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => void turn(), ms);
  };
  const turn = async (): Promise<void> => {
    if (document.hidden) return plan(everyMs);
    running = true;
    wanted = false;
    await run();
    running = false;
    plan(wanted ? soonMs : everyMs);
  };
  const seen = (): void => {
    if (!document.hidden && !running) plan(0);
  };
  document.addEventListener('visibilitychange', seen);
  plan(everyMs);
  return {
    soon: () => {
      if (running) wanted = true;
      else plan(soonMs);
    },
    end: () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}
