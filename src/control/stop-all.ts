import { ProcessPlatform } from '../platform/process/process-platform.ts';
import type { Place, Platform } from '../platform/platform.ts';
import { colours } from '../release/state.ts';
import { kill } from './kill.ts';
import { shutRouter } from './router-process.ts';
import { endsWithin } from './pause.ts';
import type { System } from './system.ts';

/** For a router to end its workers and itself, beyond the requests it waits for. */
const routerGraceMs = 5000;
const routerAnswerMs = 500;

/**
 * Everybody's requests in flight end first, then the instances are stopped; the state stays, for the next start.
 * @param force aborted when it has to be done at once: what still waits is killed
 */
export async function stopAll({ deps, router, runner, facts }: System, force?: AbortSignal): Promise<void> {
  const { apps, config, platform, releases, log } = deps;
  runner.giveUp();
  facts.giveUp();
  // One that is stopping says nothing of itself any more.
  const asked = router.status().catch(() => null);
  const pid = (await endsWithin(asked, routerAnswerMs)) ? ((await asked)?.pid ?? null) : null;
  const longest = Math.max(0, ...apps.states().map((state) => state.config?.drain.deadlineMs ?? 0));
  // A router that is going takes no more tables: whatever changes from here on would be logged as an error.
  await endsWithin(deps.routes.close(), routerGraceMs, force);
  const shut = router
    .shutdown(longest)
    .catch((error: unknown) => log.warn({ error }, 'the router did not stop by itself'));
  await endsWithin(shut, longest + routerGraceMs, force);
  router.close();
  // One that was started again meanwhile, or does not end: nothing of it may be left.
  await shutRouter(config.data, { drainMs: 0, pid }, force);
  releases.withoutRouter();
  await stopPlaces(platform, [...placesOf(deps.apps.states()), ...platform.instances()], force);
}

/** Also those where an instance is only just being started. */
const placesOf = (states: ReturnType<System['deps']['apps']['states']>): readonly Place[] =>
  states.flatMap(({ app, environments }) =>
    colours.flatMap((colour) =>
      (environments[colour]?.spec.roles ?? []).map(({ name }) => ({ app, colour, role: name })),
    ),
  );

/** Stops them all side by side; one that fails does not spare the others. */
async function stopPlaces(platform: Platform, places: readonly Place[], force?: AbortSignal): Promise<void> {
  const each = new Map(
    places.map(({ app, colour, role }) => [`${app}/${colour}/${role}`, { app, colour, role }]),
  );
  const killAll = (): void => {
    for (const { pid } of platform.instances()) if (pid !== null) kill(pid);
  };
  const stopped = Promise.all(
    [...each.values()].map((place) =>
      platform.stop(place).then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  force?.addEventListener('abort', killAll);
  if (force?.aborted) killAll();
  try {
    const errors = (await stopped).filter((error) => error !== null);
    if (errors.length > 0) throw errors[0];
  } finally {
    force?.removeEventListener('abort', killAll);
  }
}

export interface LeftBehind {
  /** Whether there was a router, and how many instances there were. */
  readonly router: boolean;
  readonly instances: number;
}

/** Stops the router and every instance in a data directory that no control plane holds. */
export async function stopWithoutControl(
  data: string,
  drainMs: number,
  force?: AbortSignal,
): Promise<LeftBehind> {
  const router = await shutRouter(data, { drainMs, pid: null }, force);
  const platform = new ProcessPlatform({
    data,
    // The router is gone: there is nothing to drain any more.
    hooks: { changed: () => undefined, release: async () => undefined, failing: () => undefined },
  });
  try {
    await platform.adopt();
    const instances = platform.instances();
    await stopPlaces(platform, instances, force);
    return { router, instances: instances.length };
  } finally {
    await platform.close();
  }
}
