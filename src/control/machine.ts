import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { ProcessPlatform } from '../platform/process/process-platform.ts';
import { VersionStore } from '../platform/versions/version-store.ts';
import { EmbeddedRouter } from '../router/embedded/embedded.ts';
import type { Drivers } from './drivers.ts';
import { testsIn } from './effects/run-test.ts';

/** The drivers of this machine. */
export const machine = ({ config, log }: { readonly config: Config; readonly log: Logger }): Drivers => ({
  versions: () => VersionStore.open({ data: config.data }),
  router: () =>
    EmbeddedRouter.start({ ...config.router, data: config.data, geoDatabase: config.geoDatabase }),
  platform: (hooks) => new ProcessPlatform({ data: config.data, log, hooks }),
  runTest: testsIn(config.data, log),
});
