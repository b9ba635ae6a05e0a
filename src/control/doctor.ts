import { statfs, stat } from 'node:fs/promises';
import { loadConfig } from '../config/load.ts';
import { TealError } from '../errors.ts';
import { describeLimitSupport } from '../platform/process/limits.ts';
import type { Check } from './contract.ts';
import type { Deps } from './deps.ts';

/** Below this an event log, versions and logs soon fail to be written. */
const littleDiskBytes = 500 * 1024 * 1024;

/** Looks at what Teal stands on; each check says what to do when it is not well. */
export async function doctor(deps: Deps): Promise<readonly Check[]> {
  return await Promise.all([
    node(),
    store(deps),
    router(deps),
    config(deps),
    disk(deps),
    permissions(deps),
    limits(),
    ...apps(deps),
  ]);
}

const ok = (name: string, says: string): Check => ({ name, state: 'ok', says, remedy: null });
const warning = (name: string, says: string, remedy: string): Check => ({
  name,
  state: 'warning',
  says,
  remedy,
});
const failed = (name: string, says: string, remedy: string): Check => ({
  name,
  state: 'failed',
  says,
  remedy,
});

async function node(): Promise<Check> {
  return ok('node', `${process.versions.node} (${process.execPath})`);
}

async function store(deps: Deps): Promise<Check> {
  try {
    const streams = await deps.store.streams();
    return ok('event log', `readable, ${streams.length} streams`);
  } catch (error) {
    return fromError('event log', error);
  }
}

async function router(deps: Deps): Promise<Check> {
  try {
    const { generation, workers, listen } = await deps.router.status();
    const behind = workers.filter((worker) => worker.generation !== generation);
    const where = listen.map(({ host, port }) => `${host}:${port}`).join(', ');
    if (behind.length > 0)
      return warning(
        'router',
        `${behind.length} workers have an older table than ${generation}`,
        'ask again in a moment',
      );
    return ok('router', `${where}, table ${generation}, ${workers.length} workers`);
  } catch (error) {
    return fromError('router', error);
  }
}

async function config(deps: Deps): Promise<Check> {
  try {
    const now = await loadConfig(deps.config.file);
    const differs = Object.values(now.apps).filter(
      (app) => JSON.stringify(deps.apps.state(app.name).config) !== JSON.stringify(app),
    );
    if (differs.length === 0) return ok('teal.yaml', `${deps.config.file} is applied`);
    return warning(
      'teal.yaml',
      `not applied yet: ${differs.map(({ name }) => name).join(', ')}`,
      'teal apply',
    );
  } catch (error) {
    return fromError('teal.yaml', error);
  }
}

async function disk(deps: Deps): Promise<Check> {
  const { bavail, bsize } = await statfs(deps.config.data);
  const free = bavail * bsize;
  const says = `${Math.round(free / 1024 / 1024)} MB free for ${deps.config.data}`;
  return free < littleDiskBytes
    ? warning('disk', says, 'make room: versions, logs and the event log are kept there')
    : ok('disk', says);
}

async function permissions(deps: Deps): Promise<Check> {
  const { mode } = await stat(deps.config.data);
  if ((mode & 0o077) === 0) return ok('permissions', 'only this user can read the data directory');
  return warning('permissions', 'others can look into the data directory', `chmod 700 ${deps.config.data}`);
}

async function limits(): Promise<Check> {
  const said = describeLimitSupport();
  return ok('limits', typeof said === 'string' ? said : JSON.stringify(said));
}

function apps(deps: Deps): Promise<Check>[] {
  return deps.apps.names().map(async (app) => {
    const instances = deps.platform.instances().filter((each) => each.app === app);
    const unwell = instances.filter(({ state }) => state === 'unhealthy' || state === 'backing-off');
    if (unwell.length > 0)
      return failed(
        app,
        `${unwell.length} of ${instances.length} instances are not well`,
        `teal logs ${app}`,
      );
    return ok(app, `${instances.length} instances, all well`);
  });
}

function fromError(name: string, error: unknown): Check {
  if (error instanceof TealError) return failed(name, error.message, error.remedy);
  return failed(name, String(error), 'see the log of teal up');
}
