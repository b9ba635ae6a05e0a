import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { linkTo } from '../preview.ts';

/** As many at a time as a page of a browser asks for: to warm a server up is not to load-test it. */
const atOnce = 6;
/** For one request; a cold start may compile much. */
const timeoutMs = 30_000;
/** The link is good for as long as all of it may take. */
const linkMs = 3_600_000;

/** Asks the candidate for its paths through the router, so that people do not meet cold caches. */
export async function warm(
  deps: Deps,
  app: string,
  effect: Effect & { kind: 'warm' },
  signal: AbortSignal,
): Promise<void> {
  const { release, cursor, step } = effect;
  await deps.routes.current(signal, app);
  const { version } = release.build;
  const link = await linkTo(deps, { app, version, colour: release.colour, expiresAt: deps.wall() + linkMs });
  const asked = Array.from({ length: step.count }, () => step.paths).flat();
  const counts = new Map<string, number>();
  const worker = async (): Promise<void> => {
    for (let path = asked.pop(); path !== undefined && !signal.aborted; path = asked.pop()) {
      const outcome = await ask(link.url.replace(/\/$/, '') + path, signal);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (signal.aborted) return;
  const output = [...counts].map(([outcome, count]) => `${count} × ${outcome}`).join(', ');
  await deps.apps.submit(app, { type: 'warmed', release: release.id, cursor, output }, teal);
}

/** What became of it. A failure is told and does not matter: judging the candidate is what tests are for. */
async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    // To its end, as a browser would, and kept nowhere.
    await response.body?.pipeTo(new WritableStream());
    return `${response.status}`;
  } catch {
    return 'no answer';
  }
}
