import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { Platforms } from '../platform/platforms.ts';
import { ProcessPlatform } from '../platform/process/process-platform.ts';
import { StaticPlatform } from '../platform/static/static-platform.ts';
import { VersionStore } from '../platform/versions/version-store.ts';
import { EmbeddedRouter } from '../router/embedded/embedded.ts';
import type { RouterFence } from '../router/router.ts';
import { Clock } from './clock.ts';
import type { Drivers } from './drivers.ts';
import { testsIn } from './effects/run-test.ts';
import { database } from './migrate/database.ts';

/** For what a router carries that hands over, without an app that says otherwise. */
const defaultDrainMs = 30_000;

/** How long the requests of some app may take to end, in milliseconds. */
export const longestDrain = ({ apps }: Config): number =>
  Math.max(0, ...Object.values(apps).map(({ drain }) => drain.deadlineMs)) || defaultDrainMs;

interface Standing {
  readonly config: Config;
  readonly log: Logger;
  /** By what a leader acts; none: there is no other control plane. */
  readonly fence?: RouterFence;
}

/** The drivers of this machine. */
export const machine = ({ config, log, fence }: Standing): Drivers => ({
  versions: () => VersionStore.open({ data: config.data }),
  router: () =>
    EmbeddedRouter.start(
      { ...config.router, data: config.data, geoDatabase: config.geoDatabase },
      {
        drainMs: longestDrain(config),
        kept: ({ code, message }) => log.warn({ code }, `the router of another Teal goes on: ${message}`),
        ...(fence === undefined ? {} : { fence }),
      },
    ),
  platform: (hooks) =>
    new Platforms({
      drivers: {
        process: new ProcessPlatform({ data: config.data, log, hooks, fence: () => fence?.check() }),
        static: new StaticPlatform({ hooks }),
      },
      driverOf: ({ spec }) => (spec.origins === undefined ? 'process' : 'static'),
      failed: (driver, error) => log.error({ driver, error }, 'a platform does not say what runs'),
    }),
  // A phase that has begun is fenced by the database itself: by its lock, and by who has held that last.
  database: {
    ...database,
    runPhase: async (work) => {
      fence?.check();
      return await database.runPhase(work);
    },
  },
  runTest: testsIn(config.data, log),
  clock: new Clock(),
});
